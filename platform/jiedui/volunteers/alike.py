"""Whether somebody new resembles a person who was suspended, refused or did not pass a check."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from jiedui.i18n import N_
from jiedui.ledgers.identity import birth_date
from jiedui.store.columns import Row
from jiedui.store.vault import unseal
from jiedui.volunteers.checks import BARRED, COUNTING, bar, behind, failure
from jiedui.volunteers.stating import checks_of
from jiedui.volunteers.tables import CHECKS, Volunteer

SAME_PHONE = N_("the same telephone")
SAME_BIRTH = N_("the same name and birth date")
SAME_VILLAGE = N_("the same name in the same village")


@dataclass(frozen=True)
class Person:
    """What can be compared of two people."""

    key: object
    name: str
    village: str
    phone_key: str | None
    born_on: date | None


@dataclass(frozen=True)
class Alike:
    """Somebody barred whom she resembles, by what; and who may decide: see `checks.may_lift`."""

    volunteer_id: UUID
    number: str
    region_code: str
    by: str
    set_by: UUID | None
    set_from: str


def person_of(row: Row) -> Person:
    """A volunteer's row as a person to compare."""
    born = birth_date(unseal(row["identity"], "volunteer.identity")) if row["identity"] else None
    return Person(row["id"], row["name"], row["region_code"], row["phone_key"], born)


async def alike(people: Sequence[Person]) -> dict[object, list[Alike]]:
    """By the key of each of these people: the barred ones, of any area, whom she resembles."""
    phones = [one.phone_key for one in people if one.phone_key]
    names = [one.name for one in people]
    rows = await Volunteer.raw(_BARRED, phones, names, sorted(BARRED), sorted(COUNTING))
    if not rows:
        return {}
    checks = await checks_of([row["id"] for row in rows])
    found: dict[object, list[Alike]] = defaultdict(list)
    for row in rows:
        bars = list(_bars(row, checks[row["id"]]))
        other = person_of(row)
        for one in people:
            by = _resembles(one, other)
            if by and bars and one.key != other.key:
                found[one.key] += [
                    Alike(row["id"], row["number"], row["region_code"], by, *bar) for bar in bars
                ]
    return found


async def barred(rows: Sequence[Row]) -> set[UUID]:
    """Who among these volunteers is barred herself."""
    checks = await checks_of([row["id"] for row in rows])
    return {row["id"] for row in rows if list(_bars(row, checks[row["id"]]))}


def _resembles(one: Person, other: Person) -> str:
    """By what two people resemble each other; blank where they do not."""
    if one.phone_key is not None and one.phone_key == other.phone_key:
        return SAME_PHONE
    if one.name != other.name:
        return ""
    if one.born_on is not None and one.born_on == other.born_on:
        return SAME_BIRTH
    return SAME_VILLAGE if one.village == other.village else ""


def _bars(row: Row, checks: Sequence[Row]) -> Iterable[tuple[UUID | None, str]]:
    """Who barred her, and from which area."""
    if row["barred_from"] or row["state"] in BARRED:
        yield bar(row)
    for kind in CHECKS:
        failed = failure(checks, kind)
        if failed is not None:
            yield behind(failed)


_BARRED = """
SELECT v.id, v.number, v.name, v.region_code, v.phone_key, v.identity, v.state, v.barred_by, v.barred_from
FROM volunteer v
WHERE (v.phone_key = ANY({}) OR v.name = ANY({})) AND (v.barred_from <> '' OR v.state = ANY({})
    OR EXISTS (SELECT FROM vetting_check c
        WHERE c.volunteer = v.id AND NOT c.passed AND c.standing = ANY({})))
"""
