"""Sweeps: many runs of one experiment, and the table of what they found."""
