"""The database's views and functions: SQL beside this file, put in place at every migration."""

import re
from collections.abc import Sequence
from importlib import resources
from typing import Any

_SQL = resources.files("jiedui.store") / "sql"


async def drop_views(connection: Any) -> None:
    """Before tables change: a view, and what an older version built on it, would hold on to columns."""
    made = re.findall(r"^CREATE (VIEW|FUNCTION) (\w+)", (_SQL / "views.sql").read_text("utf-8"), re.MULTILINE)
    for kind, name in reversed(made):
        await connection.execute(f"DROP {kind} IF EXISTS {name} CASCADE")


async def install(connection: Any, colours: Sequence[str]) -> None:
    """After tables have changed: the views, then what asks them; the policy in force says which `colours`."""
    await rank(connection, colours)
    for name in ("views.sql", "safety.sql", "areas.sql"):
        await connection.execute((_SQL / name).read_text("utf-8"))


async def rank(connection: Any, colours: Sequence[str]) -> None:
    """Let severity() give these 1, 2, … and 1 to all else, for what is not known may be anything."""
    listed = ", ".join(f"'{colour}'" for colour in colours)
    await connection.execute(
        "CREATE OR REPLACE FUNCTION severity(colour text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ "
        f"SELECT coalesce(array_position(ARRAY[{listed}], colour), 1) $$"
    )
