"""Sweeps: a plan on disk, and workers that compute its points."""
