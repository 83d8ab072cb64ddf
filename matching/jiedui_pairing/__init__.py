"""Who may be paired with whom, and what it costs: people and a policy in, problems and reasons out.

Pure: no database, no web, no clock.
"""
