"""The database's views and functions: SQL beside this file, put in place at every migration."""

import re
from importlib import resources
from typing import Any

_SQL = resources.files("jiedui.store") / "sql"


async def drop_views(connection: Any) -> None:
    """Before tables change: a view would hold on to their columns."""
    names = re.findall(r"^CREATE VIEW (\w+)", (_SQL / "views.sql").read_text("utf-8"), re.MULTILINE)
    for name in reversed(names):
        await connection.execute(f"DROP VIEW IF EXISTS {name}")


async def install(connection: Any) -> None:
    """After tables have changed: the views, then what asks them."""
    for name in ("views.sql", "safety.sql", "areas.sql"):
        await connection.execute((_SQL / name).read_text("utf-8"))
