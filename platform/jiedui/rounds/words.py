"""How rounds, runs and pins are said to a coordinator."""

from jiedui.i18n import N_

ROUND_STATES = {"draft": N_("Draft"), "published": N_("Published"), "cancelled": N_("Put aside")}
PLAN_STATES = {
    "queued": N_("Waiting"),
    "running": N_("Being calculated"),
    "ready": N_("Ready"),
    "failed": N_("Failed"),
    "stopped": N_("Stopped"),
}
PINS = {"pin": N_("Pinned"), "forbid": N_("Forbidden")}
