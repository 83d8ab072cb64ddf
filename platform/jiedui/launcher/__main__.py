"""Runs one command with DATABASE_URL and REDIS_URL set: `python -m jiedui.launcher pg_dump …`.

PostgreSQL's own tools are on the PATH and find the database by themselves.
"""

import os
import subprocess
import sys
from pathlib import Path

from jiedui.errors import DomainError
from jiedui.i18n import N_, say
from jiedui.launcher.servers import erase, servers_for
from jiedui.launcher.tools import tool_environment
from jiedui.settings import addresses, configure, data_dir_of


def main(arguments: list[str]) -> int:
    """The command's own exit status; 1 with a sentence if there are no servers, 2 if no command."""
    new = arguments[:1] == ["--new"]
    arguments = arguments[1:] if new else arguments
    try:
        configure(os.environ)
        data_dir = data_dir_of(os.environ)
        match arguments:
            case []:
                print("usage: python -m jiedui.launcher [--new] COMMAND [ARGUMENT…]", file=sys.stderr)
                return 2
            case ["--erase"]:
                return _erase(data_dir)
        with servers_for(os.environ, data_dir, a_persons=True, new=new) as servers:
            found = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
            addresses(found)
            environ = {**tool_environment(os.environ, servers.database_url), **found}
            return subprocess.run(arguments, env=environ, check=False).returncode  # noqa: S603 - the person's own
    except DomainError as refusal:
        print(say(refusal.msgid, **refusal.params), file=sys.stderr)
    except OSError as error:
        print(error, file=sys.stderr)
    return 1


def _erase(data_dir: Path) -> int:
    """Forget everything, once somebody has typed that she means it."""
    print(say(_FORGET, folder=data_dir), end=" ", flush=True)
    if sys.stdin.readline().strip() != "forget":
        print(say(N_("Nothing was changed.")), file=sys.stderr)
        return 1
    erase(data_dir)
    return 0


_FORGET = N_('Everything in {folder} is forgotten: people, rounds, pairs, accounts. Type "forget" to go on:')


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
