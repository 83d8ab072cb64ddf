"""What is due on a pair, and the contacts that were logged."""
