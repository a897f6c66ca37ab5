"""What a run will need and what to expect of it, before it runs."""
