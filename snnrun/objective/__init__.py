"""What a search minimises: how far a network's statistics are from what is wanted."""
