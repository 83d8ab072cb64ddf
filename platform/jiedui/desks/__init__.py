"""Where somebody's day begins: what waits for her."""
