"""The records as the auditor reads them: who did what to which thing, in numbers and ids, never in names."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace

from jiedui.actor import Actor
from jiedui.audit import policy
from jiedui.audit.tables import AuditEntry
from jiedui.clock import SHANGHAI
from jiedui.store.columns import Row
from jiedui.store.paging import Page, page_of


class EntryFilter(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the records are narrowed to; blank means all."""

    about: str = ""
    """The kind of thing: household, pair, account …"""
    role: str = ""
    account: str = ""
    subject: str = ""
    since: date | None = None
    until: date | None = None


async def entries_of(actor: Actor, wanted: EntryFilter, *, after: str = "", before: str = "") -> Page:
    """A page of the records of the actor's area, the newest first. Raises Forbidden."""
    policy.require(actor, "read")
    conditions: list[str] = ["{}"]
    values: list[Any] = [policy.visible(actor, "e")]
    for condition, value in (
        ("e.subject_kind = {}", wanted.about),
        ("e.role = {}", wanted.role),
        ("e.account_id::text = {}", wanted.account),
        ("e.subject_id = {}", wanted.subject),
        ("e.at >= {}", wanted.since and _midnight(wanted.since)),
        ("e.at < {}", wanted.until and _midnight(wanted.until + timedelta(days=1))),
    ):
        if value:
            conditions.append(condition)
            values.append(value)
    found = await page_of(
        AuditEntry,
        f"{_ENTRIES} WHERE {' AND '.join(conditions)}",
        values,
        {"sort_key": "bigint", "id": "uuid"},
        after=after,
        before=before,
        falling=True,
    )
    return replace(found, rows=[{**row, "detail": _countable(row)} for row in found.rows])


async def kinds_of(actor: Actor) -> list[str]:
    """The kinds of things that the records of the actor's area are about, for the filter."""
    policy.require(actor, "read")
    rows = await AuditEntry.raw(
        "SELECT DISTINCT e.subject_kind AS kind FROM audit_entry e WHERE {} ORDER BY 1",
        policy.visible(actor, "e"),
    )
    return [row["kind"] for row in rows]


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)


def _countable(row: Row) -> dict[str, int | bool]:
    """Of what was noted only counts and yes or no: a word may have been typed by somebody."""
    detail: dict[str, Any] = json.loads(row["detail"])
    return {name: value for name, value in detail.items() if isinstance(value, int)}


_ENTRIES = """
SELECT e.id, e.at, e.role, e.account_id, e.action, e.subject_kind, e.subject_id, e.detail,
    coalesce(r.short_name, e.region_code) AS place,
    (extract(epoch FROM e.at) * 1000000)::bigint AS sort_key
FROM audit_entry e LEFT JOIN region r ON r.code = e.region_code"""
