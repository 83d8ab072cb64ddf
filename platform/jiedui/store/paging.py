"""Lists read a page at a time: the key of the last row leads on, the key of the first leads back."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from piccolo.table import Table

from jiedui.store.columns import Row

PAGE = 50
_READABLE = {
    "text": "[0-9A-Z]{1,20}",
    "bigint": "-?[0-9]{1,18}",
    "uuid": "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
}


class Page(msgspec.Struct, frozen=True):
    """Some rows of the `matching` ones, of `total` where the caller counts them.

    `before` and `after` are the keys of the pages beside it, where there are any.
    """

    rows: list[Row]
    matching: int
    before: str = ""
    after: str = ""
    total: int = 0


async def page_of(
    table: type[Table],
    query: str,
    values: Sequence[Any],
    order: Mapping[str, str],
    *,
    after: str = "",
    before: str = "",
    falling: bool = False,
) -> Page:
    """A page of what the query finds; a key that means nothing gives the first page.

    `order` names columns the query gives, together unique and never null, each with its type in the database.
    """
    listed = f"FROM ({query}) AS listed"
    counted = await table.raw(f"SELECT count(*) AS n {listed}", *values)
    edge = _edge(before or after, order)
    back = bool(before and edge)
    sign, way = ("<", "DESC") if back != falling else (">", "ASC")
    if edge:
        marks = ", ".join(f"{{}}::text::{kind}" for kind in order.values())
        listed += f" WHERE ({', '.join(order)}) {sign} ({marks})"
    sorting = ", ".join(f"{column} {way}" for column in order)
    rows = await table.raw(f"SELECT * {listed} ORDER BY {sorting} LIMIT {PAGE + 1}", *values, *edge)
    more, shown = len(rows) > PAGE, rows[:PAGE]
    if back:
        shown.reverse()
    return Page(
        rows=shown,
        matching=counted[0]["n"],
        before=_key(shown[0], order) if shown and (more if back else edge) else "",
        after=_key(shown[-1], order) if shown and (back or more) else "",
    )


def _key(row: Row, order: Mapping[str, str]) -> str:
    return "~".join(str(row[column]) for column in order)


def _edge(key: str, order: Mapping[str, str]) -> list[str]:
    readable = re.fullmatch("~".join(_READABLE[kind] for kind in order.values()), key)
    return key.split("~") if readable else []
