"""The command line: every verb is one service call."""
