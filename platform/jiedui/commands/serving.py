"""Serving: web server and worker together, until told to stop."""

import logging
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from http.client import HTTPConnection, HTTPException

import click

from jiedui.commands.inside import inside
from jiedui.errors import Unavailable
from jiedui.i18n import N_, say
from jiedui.launcher.processes import ServersGone, run_tree
from jiedui.launcher.servers import Servers
from jiedui.settings import SettingsError, host_of, load, point_in_time, port_of

_log = logging.getLogger("jiedui.launcher")
_PATIENCE_SECONDS = 10


async def nothing() -> None:
    """For who has nothing to prepare."""


def refuse_no_address() -> None:
    """Letters and messages must not send people to this machine. Raises SettingsError."""
    if not os.environ.get("JIEDUI_PUBLIC_URL") and os.environ.get("JIEDUI_DEMO") != "1":
        raise SettingsError(
            N_(
                "Under which address do people reach the site? Letters and messages name it: write "
                'public_url = "https://…" into jiedui.toml, or set JIEDUI_PUBLIC_URL '
                "(http://localhost:{port} for a try)"
            ),
            port=port_of(os.environ),
        )


def serve_all(prepare: Callable[[], Awaitable[None]]) -> None:
    """Serve until told to stop; should a server of ours die, everything is started again."""
    refuse_taken_port()
    while True:
        try:
            inside(prepare, then=_tree)
        except ServersGone as gone:
            _log.error(say(gone.msgid))
            prepare = nothing
        else:
            return


def refuse_taken_port() -> None:
    """Web servers share a port without a word (SO_REUSEPORT): each would get some of the other's requests."""
    host, port = host_of(os.environ), port_of(os.environ)
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise Unavailable(
                N_("Port {port} cannot be used: {words}. Set JIEDUI_PORT to another number."),
                port=port,
                words=error.strerror or str(error),
            ) from error


def refuse_stopped() -> None:
    """For who looks after a service that should be running. Raises Unavailable if nobody answers."""
    connection = HTTPConnection(host_of(os.environ), port_of(os.environ), timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", "/livez")
        connection.getresponse()
    except (OSError, HTTPException) as error:
        raise Unavailable(
            N_(
                "jiedui does not run: at port {port} nobody answers ({words}). "
                "Start it: systemctl start jiedui"
            ),
            port=port_of(os.environ),
            words=str(error) or type(error).__name__,
        ) from error
    finally:
        connection.close()


def _tree(servers: Servers) -> None:
    click.echo(say(N_("Open {url} in a browser. Ctrl-C ends everything."), url=load(os.environ).public_url))
    modules = {"web": "jiedui.web.server", "worker": "jiedui.worker"}
    if point_in_time(os.environ):
        modules["archiving"] = "jiedui.backups.archiving"
    commands = {name: [sys.executable, "-m", module] for name, module in modules.items()}
    run_tree(commands, os.environ, servers.all_alive)
