"""Files of a run: results, status, folders; the only importer of h5py."""
