"""Brings its own servers and processes, and takes every one of them down again."""
