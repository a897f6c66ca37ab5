"""`python -m snnrun` is the same as `snnrun`."""

from snnrun.cli.app import main

if __name__ == "__main__":
    main()
