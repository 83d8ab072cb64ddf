"""A database behind a cable that says nothing any more is away within a minute."""

import socket
from urllib.parse import parse_qs, urlsplit

from relay import Relay

from jiedui.launcher.servers import Servers
from jiedui.store.away import connect


async def test_the_system_is_told_to_give_up_a_silent_cable(servers: Servers) -> None:
    url = urlsplit(servers.database_url)
    relay = Relay(f"{parse_qs(url.query)['host'][0]}/.s.PGSQL.5432")
    relay.mend()
    address = f"postgresql://jiedui:{url.password}@127.0.0.1:{relay.port}/jiedui"
    connection = await connect(address)
    try:
        end = connection._transport.get_extra_info("socket")
        asked = {
            name: end.getsockopt(socket.IPPROTO_TCP, getattr(socket, f"TCP_{name}"))
            for name in ("USER_TIMEOUT", "KEEPIDLE", "KEEPINTVL", "KEEPCNT")
        }
        assert end.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert 0 < asked["USER_TIMEOUT"] <= 60_000
        assert asked["KEEPIDLE"] + asked["KEEPINTVL"] * asked["KEEPCNT"] <= 60
    finally:
        await connection.close()
        relay.cut()
