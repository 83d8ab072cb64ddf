"""The front door of pairs: every use case in one place to import from."""

from jiedui.pairs.answers import (
    ask_again,
    household_accepts,
    household_asks_another,
    household_raises_concern,
    record_household_answer,
)
from jiedui.pairs.concerns import count_open_concerns, handle_concern, list_concerns, raise_concern
from jiedui.pairs.disclosure import Family, Helper, family_of, pairs_of, proposals_of, show_phone
from jiedui.pairs.hand_over import hand_over
from jiedui.pairs.life import close, pause, resume
from jiedui.pairs.links import LinkOver, check_link, open_link, opened_before
from jiedui.pairs.proposals import accept_proposal, decline_proposal, expire_overdue
from jiedui.pairs.register import list_pairs, takers, whole_pair

__all__ = [
    "Family",
    "Helper",
    "LinkOver",
    "accept_proposal",
    "ask_again",
    "check_link",
    "close",
    "count_open_concerns",
    "decline_proposal",
    "expire_overdue",
    "family_of",
    "hand_over",
    "handle_concern",
    "household_accepts",
    "household_asks_another",
    "household_raises_concern",
    "list_concerns",
    "list_pairs",
    "open_link",
    "opened_before",
    "pairs_of",
    "pause",
    "proposals_of",
    "raise_concern",
    "record_household_answer",
    "resume",
    "show_phone",
    "takers",
    "whole_pair",
]
