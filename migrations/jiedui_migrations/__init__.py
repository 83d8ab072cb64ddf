"""The one linear migration history of the product."""
