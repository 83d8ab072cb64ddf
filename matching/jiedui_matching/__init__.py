"""Exact pairing of slots with volunteers: arrays in, pairs out; no database, no web."""
