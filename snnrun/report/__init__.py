"""What people look at: progress, tables, figures; the only importer of rich and matplotlib."""
