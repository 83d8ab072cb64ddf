"""Whether this release knows everything that was done to the database: an older one would undo it unseen."""

import functools
import re
from pathlib import Path
from typing import Any

import jiedui_migrations
from jiedui.errors import Unavailable
from jiedui.i18n import N_


class NewerDatabase(Unavailable):
    """It was brought up to date by a release that came after this one."""

    msgid = N_(
        "A later release of jiedui has worked on this database (its change {name} is unknown here). Install "
        "that release again, or restore a backup from before it. Nothing was changed"
    )


@functools.cache
def changes() -> frozenset[str]:
    """The names of the changes to the database that this release knows."""
    files = Path(jiedui_migrations.__file__).parent.glob("*.py")
    found = (re.search(r'^ID = "(.+)"$', file.read_text("utf-8"), re.MULTILINE) for file in files)
    return frozenset(match[1] for match in found if match)


async def require_known(connection: Any) -> None:
    """Raises NewerDatabase where a migration has run that this release does not hold; writes nothing."""
    if await connection.fetchval("SELECT to_regclass('migration')"):
        rows = await connection.fetch("SELECT name FROM migration WHERE app_name = 'jiedui' ORDER BY name")
        for row in rows:
            if row["name"] not in changes():
                raise NewerDatabase(name=row["name"])
