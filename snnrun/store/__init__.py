"""Files of a run: results, status, folders; the only importer of h5py."""

import os

# A run's folder has a lock of its own; HDF5's would fail on file systems that have none.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")
