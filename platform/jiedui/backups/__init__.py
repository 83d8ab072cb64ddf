"""Backups: taken, encrypted, read back, restored, and tried before they are needed."""
