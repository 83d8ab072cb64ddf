"""What the pages about volunteers are sent."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from jiedui.consents.texts import current
from jiedui.errors import Refused
from jiedui.i18n import N_
from jiedui.volunteers.enrolment import RECORD_CHECK, SERVICE
from jiedui.web.asked import number

Word = Annotated[str, msgspec.Meta(max_length=60)]
Chosen = Annotated[list[Word], msgspec.Meta(max_length=40)]
AtLeastOne = Annotated[list[Word], msgspec.Meta(min_length=1, max_length=40)]


class Wishes(msgspec.Struct, kw_only=True):
    """What she offers."""

    offers: AtLeastOne
    skills: Chosen = []
    capacity: int
    reach_km: str
    times: AtLeastOne

    def kilometres(self) -> int | None:
        """None is no limit. Raises Refused for what is neither a number nor "any"."""
        if self.reach_km == "any":
            return None
        kilometres = number(self.reach_km, most=99_999)
        if kilometres is None:
            raise Refused(N_("Please choose one of the options."), field="reach_km")
        return kilometres


class Join(Wishes, kw_only=True):
    """The sign-up form."""

    kind: Literal["caring_mother", "women_entrepreneur", "helper"]
    village: Annotated[str, msgspec.Meta(max_length=12)] = ""
    name: Annotated[str, msgspec.Meta(min_length=2, max_length=40)]
    phone: Annotated[str, msgspec.Meta(max_length=30)]
    consent: bool = False
    record_check: bool = False

    def agreed(self) -> dict[str, str]:
        """Purpose and version of each text she ticked, as it stood on the page."""
        ticked = {SERVICE: self.consent, RECORD_CHECK: self.record_check}
        return {purpose: current(purpose).version for purpose, yes in ticked.items() if yes}


class Code(msgspec.Struct):
    """What came by text message."""

    code: Annotated[str, msgspec.Meta(max_length=20)] = ""


class Check(msgspec.Struct):
    """The outcome of one check."""

    kind: Literal["identity", "record", "training", "interview"]
    outcome: Literal["passed", "failed"]
    checked_on: date
    paper: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Reason(msgspec.Struct):
    """Why."""

    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Sought(msgspec.Struct):
    """Whom somebody looks for: number, name or telephone."""

    text: Annotated[str, msgspec.Meta(max_length=40)]


class Capacity(msgspec.Struct):
    """How many households."""

    capacity: int


def typed_wishes(source: Any) -> dict[str, Any]:
    """The form's fields of a volunteer's row or a draft."""
    values = source if isinstance(source, dict) else msgspec.structs.asdict(source)
    kept = {name: values[name] for name in ("offers", "skills", "capacity", "times")}
    return kept | {"reach_km": values["reach_km"] or "any"}
