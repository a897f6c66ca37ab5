"""From YAML and overrides to a checked experiment; the only importer of Hydra and OmegaConf."""
