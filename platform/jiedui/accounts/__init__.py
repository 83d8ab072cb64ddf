"""Who may enter: accounts, sessions, passphrases, one-time codes."""
