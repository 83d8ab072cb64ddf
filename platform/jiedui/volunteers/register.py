"""Looking volunteers up: the list of an area, one of them, and her own view of herself."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from piccolo.columns.combination import Where

from jiedui import vault
from jiedui.accounts.actor import Actor
from jiedui.consents import service as consents
from jiedui.errors import NotFound
from jiedui.regions.codes import significant, within
from jiedui.regions.service import path_name, path_names
from jiedui.volunteers.service import held_by
from jiedui.volunteers.tables import KINDS, STATES, VettingCheck, Volunteer

PAGE = 50
_UNSHOWN = ("identity", "fingerprint", "ledger_key")


@dataclass(frozen=True)
class Wanted:
    """Which volunteers a list shows; what is empty or unknown does not narrow it."""

    state: str = ""
    kind: str = ""
    township: str = ""
    text: str = ""


@dataclass(frozen=True)
class Listed:
    """A page of the list: its rows, how many the filter finds of how many there are, where to go on."""

    rows: list[dict[str, Any]]
    found: int
    total: int
    next_after: str


async def list_volunteers(actor: Actor, wanted: Wanted, after: str = "") -> Listed:
    """The newest first; `after` is the number of the last one on the page before."""
    area = _area(actor)
    narrowed = [area, *_conditions(actor, wanted)]
    query = Volunteer.select().where(*narrowed).order_by(Volunteer.number, ascending=False).limit(PAGE + 1)
    if after:
        query = query.where(Volunteer.number < after)
    rows = await query
    shown = await _told([_row(row) for row in rows[:PAGE]])
    return Listed(
        rows=shown,
        found=await Volunteer.count().where(*narrowed),
        total=await Volunteer.count().where(area),
        next_after=shown[-1]["number"] if len(rows) > PAGE else "",
    )


async def states_of(actor: Actor) -> dict[str, int]:
    """How many volunteers of the area are in each state."""
    rows = await Volunteer.raw(
        "SELECT state, count(*) AS n FROM volunteer WHERE region_code LIKE {} GROUP BY state",
        significant(actor.region_code) + "%",
    )
    return dict.fromkeys(STATES, 0) | {row["state"]: row["n"] for row in rows}


async def one_volunteer(actor: Actor, volunteer_id: UUID) -> dict[str, Any]:
    """Everything her coordinator, or she herself, may see. Raises NotFound."""
    condition = _area(actor) if actor.is_staff else Volunteer.id == actor.volunteer_id
    row = await Volunteer.select().where(Volunteer.id == volunteer_id, condition).first()
    if row is None:
        raise NotFound
    volunteer = (await _told([_row(row)]))[0]
    volunteer["path"] = await path_name(volunteer["region_code"])
    volunteer["checks"] = (
        await VettingCheck.select()
        .where(VettingCheck.volunteer == volunteer_id)
        .order_by(VettingCheck.checked_on, VettingCheck.created_at, ascending=False)
    )
    volunteer["consents"] = await consents.given(("volunteer", volunteer_id))
    return volunteer


def _area(actor: Actor) -> Where:
    return Volunteer.region_code.like(significant(actor.region_code) + "%")


def _conditions(actor: Actor, wanted: Wanted) -> Iterable[Where]:
    if wanted.state in STATES:
        yield Volunteer.state == wanted.state
    if wanted.kind in KINDS:
        yield Volunteer.kind == wanted.kind
    if re.fullmatch(r"[0-9]{12}", wanted.township) and within(actor.region_code, wanted.township):
        yield Volunteer.region_code.like(significant(wanted.township) + "%")
    text = wanted.text.strip()
    if re.fullmatch(r"1[0-9]{10}", text):
        yield Volunteer.phone_key == vault.keyed_hash(text, "phone")
    elif re.fullmatch(r"[A-Za-z]?[0-9]+", text):
        yield Volunteer.number.like(f"%{text.upper()}%")
    elif text:
        literal = re.sub(r"([\\%_])", r"\\\1", text)
        yield Volunteer.name.like(f"%{literal}%")


async def _told(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with what the page says beside the table's columns: the village, how many she holds."""
    held = await held_by([row["id"] for row in rows])
    paths = await path_names({row["region_code"] for row in rows})
    for row in rows:
        # township and village; the county is the officer's own
        row["place"] = " · ".join(paths[row["region_code"]].split(" · ")[-2:])
        row["held"] = held[row["id"]]
    return rows


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    sealed = row["phone"]
    phone = vault.unseal(sealed, "volunteer.phone") if sealed else None
    return {name: row[name] for name in row if name not in _UNSHOWN} | {"phone": phone}
