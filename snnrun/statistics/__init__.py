"""Population statistics: one file a statistic."""
