"""Synapse models: one file a model."""
