"""Connection rules: one file a rule."""
