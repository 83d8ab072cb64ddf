"""Versioned policy packs: every rule that differs by county, as data."""
