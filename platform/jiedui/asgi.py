"""The whole wiring of the web application on one page."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from granian.utils.proxies import wrap_asgi_with_proxy_headers
from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.plugins.htmx import HTMXRequest
from litestar.template import TemplateConfig
from redis.asyncio import Redis

from jiedui import log
from jiedui.accounts import access
from jiedui.accounts import pages as accounts
from jiedui.accounts.limits import Limits
from jiedui.accounts.service import actor_of
from jiedui.accounts.sessions import Sessions
from jiedui.audit import pages as audit
from jiedui.clock import utc_now
from jiedui.desks import figure_pages as figures
from jiedui.desks import pages as desks
from jiedui.followups import pages as followups
from jiedui.households import pages as households
from jiedui.jobs import pages as jobs
from jiedui.ledgers import pages as ledgers
from jiedui.notices import pages as notices
from jiedui.pairs import pages as pairs
from jiedui.plans import pages as plans
from jiedui.regions import pages as regions
from jiedui.rounds import pages as rounds
from jiedui.settings import Settings, load, log_file_of
from jiedui.store.away import is_away
from jiedui.store.keys import connect_or_end
from jiedui.store.vault import own_secret
from jiedui.volunteers import pages as volunteers
from jiedui.web import cookies, edge, errors, forgery, headers, once, page, pages, rendering
from jiedui.web.tables import SentForm
from jiedui.wiring import LEDGERS

_LOOK_SECONDS = 2
_log = logging.getLogger("jiedui.web")
ROUTERS: list[Router] = [
    accounts.ROUTER,
    audit.ROUTER,
    desks.ROUTER,
    figures.ROUTER,
    followups.ROUTER,
    households.ROUTER,
    jobs.ROUTER,
    ledgers.router(LEDGERS),
    notices.ROUTER,
    pages.ROUTER,
    pages.STATIC_FILES,
    pairs.ROUTER,
    plans.ROUTER,
    regions.ROUTER,
    rounds.ROUTER,
    volunteers.ROUTER,
]
"""What the site is made of, one router per concept."""


def create_app(settings: Settings, clock: Callable[[], datetime] = utc_now) -> Litestar:
    """The application of one installation. Raises RuntimeError if a page does not say who may open it."""
    redis = Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=2)
    app = Litestar(
        route_handlers=list(ROUTERS),
        state=State(
            {
                "settings": settings,
                "clock": clock,
                "redis": redis,
                "sessions": Sessions(redis, clock),
                "limits": Limits(redis, settings.secret),
                "cookies": cookies.Cookies(secure=settings.secure_cookies),
                "actor_of": actor_of,
            }
        ),
        request_class=HTMXRequest,
        middleware=[access.Identify()],
        guards=[access.require_access, forgery.refuse_forged, once.require_key],
        exception_handlers=errors.exception_handlers(),
        before_send=[headers.security_headers(https=settings.public_url.startswith("https:")), cookies.write],
        template_config=TemplateConfig(instance=rendering.make_engine()),
        lifespan=[_connected],
        request_max_body_size=64 * 1024,
        multipart_form_part_limit=200,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    app.asgi_handler = edge.around(wrap_asgi_with_proxy_headers(app.asgi_handler, settings.trusted_proxies))
    access.check_declared(app)
    app.state.pages = page.addresses(app)
    return app


def app() -> Litestar:
    """For `granian --interface asgi --factory jiedui.asgi:app`: settings from the environment."""
    log.begin(log_file_of(os.environ))
    return create_app(replace(load(os.environ), secret=own_secret()))  # the one its connections are known by


async def _notice_a_change() -> None:
    """Touch the database now and then: a process that is asked for nothing there would go on making forms
    with a secret that was changed meanwhile.
    """
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        try:
            await SentForm.raw("SELECT 1")
        except Exception as error:  # noqa: BLE001 -- the next look comes, whatever happened to this one
            if not is_away(error):
                _log.exception("the database could not be looked at")


@asynccontextmanager
async def _connected(app: Litestar) -> AsyncIterator[None]:
    from jiedui.store.piccolo_conf import DB

    await DB.start_connection_pool(max_size=10, connect=connect_or_end)
    watching = asyncio.create_task(_notice_a_change())
    try:
        yield
    finally:
        watching.cancel()
        await DB.close_connection_pool()
        await app.state.redis.aclose()
