"""Sweeps: a plan on disk, workers that compute its points, and the table of what they found."""
