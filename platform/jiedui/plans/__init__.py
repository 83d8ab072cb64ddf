"""Looking at a plan: its lists, its map, comparisons, questions about it."""
