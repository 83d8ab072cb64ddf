"""The life of a pair: consent, telling the household, handover, closing."""
