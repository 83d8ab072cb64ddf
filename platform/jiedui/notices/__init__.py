"""The operator's view of every message, and who may be told how."""
