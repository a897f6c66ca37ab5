"""Spiking-network experiments from YAML files and one command."""

__version__ = "0.1.0"
