"""What a county can show to somebody above it."""

from jiedui.i18n import N_

SUBJECTS = {"household": N_("Household"), "volunteer": N_("Volunteer"), "pair": N_("Pair")}
PATHS = {"household": "/households", "volunteer": "/volunteers", "pair": "/pairs"}
"""Where each of them has its page."""
