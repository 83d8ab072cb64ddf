"""How the house talks to its database."""
