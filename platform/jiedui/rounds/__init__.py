"""Pairing rounds: problem, plan, review, publication."""
