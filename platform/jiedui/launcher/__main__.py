"""Runs one command with DATABASE_URL and REDIS_URL set: `python -m jiedui.launcher pg_dump …`.

PostgreSQL's own tools are on the PATH and find the database by themselves.
"""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from jiedui.launcher.errors import ServerError
from jiedui.launcher.postgres import binaries
from jiedui.launcher.servers import erase, servers_for


def main(arguments: list[str]) -> int:
    """The command's own exit status; 1 with a sentence if there are no servers, 2 if no command."""
    data_dir = Path(os.environ.get("JIEDUI_DATA") or ".data")
    try:
        match arguments:
            case []:
                print("usage: python -m jiedui.launcher COMMAND [ARGUMENT…]", file=sys.stderr)
                return 2
            case ["--erase"]:
                erase(data_dir)
                return 0
        with servers_for(os.environ, data_dir) as servers:
            environ = {
                **os.environ,
                "DATABASE_URL": servers.database_url,
                "REDIS_URL": servers.redis_url,
                **_for_tools(servers.database_url),
                "PATH": f"{binaries()}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            }
            return subprocess.run(arguments, env=environ, check=False).returncode  # noqa: S603 - the person's own
    except (ServerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


def _for_tools(database_url: str) -> dict[str, str]:
    """The address in the variables that psql, pg_dump and their like read."""
    url = urlsplit(database_url)
    query = dict(parse_qsl(url.query))
    found = {
        "PGHOST": query.get("host") or url.hostname,
        "PGPORT": query.get("port") or str(url.port or ""),
        "PGUSER": unquote(url.username or ""),
        "PGPASSWORD": unquote(url.password or ""),
        "PGDATABASE": unquote(url.path.lstrip("/")),
    }
    return {name: value for name, value in found.items() if value}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
