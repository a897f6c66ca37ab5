"""External drives: one file a drive."""
