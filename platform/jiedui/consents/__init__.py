"""What a person agreed to: purpose, text version, how, when."""
