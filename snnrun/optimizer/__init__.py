"""Kinds of optimizer: which parameters to try next."""
