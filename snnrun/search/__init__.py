"""Searches: parameters whose network behaves as it should."""
