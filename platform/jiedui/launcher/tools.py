"""PostgreSQL's own programs, which find the database by themselves."""

import os
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from jiedui.launcher.postgres import binaries


def tool_environment(environ: Mapping[str, str], database_url: str) -> dict[str, str]:
    """The environment for psql, pg_dump and their like: the address in their variables, they on the PATH."""
    url = urlsplit(database_url)
    query = dict(parse_qsl(url.query))
    found = {
        "PGHOST": query.get("host") or url.hostname,
        "PGPORT": query.get("port") or str(url.port or ""),
        "PGUSER": unquote(url.username or ""),
        "PGPASSWORD": unquote(url.password or ""),
        "PGDATABASE": unquote(url.path.lstrip("/")),
    }
    path = f"{binaries()}{os.pathsep}{environ.get('PATH', os.defpath)}"
    return {**environ, **{name: value for name, value in found.items() if value}, "PATH": path}
