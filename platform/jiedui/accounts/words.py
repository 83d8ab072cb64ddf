"""What people call the roles of the staff, and what a county can show."""

from jiedui.i18n import N_

ROLES = {
    "coordinator": N_("Coordinator"),
    "vetting_officer": N_("Vetting officer"),
    "safeguarding_officer": N_("Safeguarding officer"),
    "auditor": N_("Auditor"),
    "administrator": N_("Administrator"),
    "reader": N_("Reader of figures"),
}
SUBJECTS = {"household": N_("Household"), "volunteer": N_("Volunteer"), "pair": N_("Pair")}
PATHS = {"household": "/households", "volunteer": "/volunteers", "pair": "/pairs"}
"""Where each of them has its page."""
