"""Neuron models: one file a model."""
