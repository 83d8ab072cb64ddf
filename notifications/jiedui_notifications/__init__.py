"""Notices to people: an outbox that commits with its cause, channels that deliver, proof of every attempt."""
