"""Whatever is asked, by whomever, however strangely: an answer, and never "this should not have happened"."""

import os
from collections import Counter
from datetime import timedelta

import pytest
from factories import (
    COUNTY,
    NOW,
    TOWNSHIP,
    VILLAGE,
    a_check,
    a_pair,
    a_volunteer,
    an_account,
    notices_about,
    the_volunteer,
)
from matrix import CITY, a_world
from requests_at_random import Dice, Guest, ask, routes_of, taking_turns

from jiedui.accounts.limits import Limits
from jiedui.accounts.sessions import Sessions
from jiedui.errors import TooMany
from jiedui.pairs import service as pairs
from jiedui.store.piccolo_conf import DB
from jiedui.web.forgery import sign

FULL = os.environ.get("FULL") == "1"
SEED = int(os.environ.get("SEED", "20261101"))
SHOWN = int(os.environ.get("SHOW", "5"))
ASKED, RAW = (12_000, 2_000) if FULL else (1, 1)
"""At least so many; everybody at every route in any case."""


class Unending(Sessions):
    """So that a log-out ends nobody's part in the game."""

    async def end(self, session_id: str) -> None:
        pass


class Lenient(Limits):
    """Mostly."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice

    async def admit(self, *asked: object) -> None:
        if self.dice.rng.random() < 0.02:
            raise TooMany(minutes=1, seconds=60)


@pytest.fixture
async def world(app):
    """A village with one of everything, and what of it fits which parameter."""
    app.state.clock = lambda: NOW + timedelta(hours=1)
    app.state.sessions = Unending(app.state.redis, app.state.clock)
    ids = (world := await a_world()).ids
    asked = await a_pair(volunteer=(her := await a_volunteer()), region_code=VILLAGE)
    await pairs.accept_proposal(await the_volunteer(her), asked, NOW)
    link = (await notices_about(asked))["household.helper_found"]["params"]["link"]
    check = await a_check(her, kind="record", standing="stated", recorded_from=TOWNSHIP, ledger_import=None)
    codes = [COUNTY, TOWNSHIP, VILLAGE]
    known = {
        **{name: [str(value)] for name, value in ids.items() if ":" not in name},
        **{f"{kind}_id": [str(value) for name, value in ids.items() if name.startswith(f"{kind}:")]
           for kind in ("pair", "notice", "import")},
        "number": ["1"], "a": ["1"], "b": ["1"], "token": [link[-22:]], "check_id": [str(check)],
        "household": [str(ids["household_id"])], "volunteer": [str(ids["volunteer_id"])],
        "account": [str(ids["colleague"])], "subject": [str(ids["household_id"])], "ledger": ["earlier"],
        "deed": ["pause", "resume", "leave", "suspend", "approve", "refuse", "reinstate", "confirm"],
        "decision": ["moved", "duplicate", "mistake"],
        **dict.fromkeys(("code", "home", "helper", "township", "village", "region", "place"), codes),
        "birth_year": ["1990", "1991"], "dated": ["2026-11-01"], "policy": ["standard"],
        "file_path": ["app.css", "map.js"],
    }  # fmt: skip
    return world, known


async def a_guest(app, name, account_id=None, role=""):
    cookies, secret = app.state.cookies, app.state.settings.secret
    if account_id is None:
        seed = "s" * 43
        return Guest(name, f"{cookies.seed}={seed}".encode(), sign(secret, "seed", seed))
    session = await app.state.sessions.begin(account_id, role)
    return Guest(name, f"{cookies.session}={session}".encode(), sign(secret, "session", session))


async def everybody(app, world):
    guests = [
        await a_guest(app, "nobody"),
        await a_guest(app, "volunteer", world.helper_account, "volunteer"),
    ]
    for role, place in (("coordinator", COUNTY), ("administrator", COUNTY), ("coordinator", CITY)):
        account = await an_account(role, place)
        guests.append(await a_guest(app, f"{role} of {place[:6]}", account, role))
    return guests


async def play(app, world_and_known, caplog, kind, at_least):
    """Every case begins in the same village; says how often which route gave whom which answer."""
    world, known = world_and_known
    dice = Dice(SEED, known)
    app.state.limits = Lenient(dice)
    guests, routes = await everybody(app, world), routes_of(app)
    transaction = DB.current_transaction.get()
    seen: Counter = Counter()
    broken = []
    for route, guest in taking_turns(routes, guests, at_least, dice):
        sent = getattr(dice, kind)(route, guest)
        case = await transaction.savepoint("turn")
        caplog.clear()
        answer = await ask(app, sent)
        await case.rollback_to()
        await case.release()
        seen[route.name, guest.name, answer.status] += 1
        if not 200 <= answer.status < 500:
            broken.append(f"{answer.status} {guest.name}: {sent}\n{caplog.text[-1500:]}")
    statuses = Counter(status for *_, status in seen.elements())
    print(f"{kind}: seed {SEED}, {sum(seen.values())} requests, {len(routes)} routes × {len(guests)} people, "
          f"{len(broken)} broken, statuses {dict(sorted(statuses.items()))}")  # fmt: skip
    assert not broken, f"{len(broken)} broken\n" + "\n".join(broken[:SHOWN])
    assert sum(seen.values()) >= at_least
    assert {key[:2] for key in seen} == {(route.name, guest.name) for route in routes for guest in guests}
    return seen, routes


async def test_whatever_is_asked_is_answered(app, world, caplog):
    seen, routes = await play(app, world, caplog, "request", ASKED)
    done = {name for (name, guest, status) in seen if guest != "nobody" and status in (200, 303)}
    assert len(done) > 0.6 * len(routes), "it plays with the site, not only with its door"


async def test_bytes_that_mean_nothing_are_answered(app, world, caplog):
    await play(app, world, caplog, "nonsense", RAW)


def test_the_generator_knows_every_route_and_its_forms(app):
    routes = {route.name: route for route in routes_of(app)}
    assert {route.path for route in routes.values()} == {route.path for route in app.routes}
    assert [one.__name__ for one in routes["POST /me/pairs/{pair_id:uuid}/log"].structs] == ["Contact"]
    assert len([route for route in routes.values() if route.method == "POST" and route.structs]) > 15
    assert {"state", "kind"} <= set(routes["GET /notices"].words)
