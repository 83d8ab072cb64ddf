"""The region tree: provinces to villages by their official codes."""
