"""The whole round as a worker does it, from database to database, against the pure solve within it."""

import time
from contextlib import contextmanager
from datetime import UTC, datetime

import asyncpg
import pytest
from factories import a_coordinator
from prefecture import CITY, DATED, a_prefecture, settle

from jiedui.jobs.service import run_one
from jiedui.policies.service import store_packs
from jiedui.rounds import runs
from jiedui.rounds.service import open_round, queue_plan
from jiedui.rounds.tables import Candidate, Plan, Round
from jiedui_matching import solve
from jiedui_pairing import all_pairs, stages
from jiedui_pairing.candidates import assembled

CAP = 100


@contextmanager
def seconds_of(part, spent):
    """Add to what a part has taken."""
    started = time.perf_counter()
    yield
    spent[part] = spent.get(part, 0.0) + time.perf_counter() - started


def clocked(monkeypatch, spent):
    """Each part of the work, with its seconds written down."""

    def watch(module, name, part):
        inner = getattr(module, name)

        def timed(*given, **named):
            with seconds_of(part, spent):
                return inner(*given, **named)

        async def waited(*given, **named):
            with seconds_of(part, spent):
                return await inner(*given, **named)

        is_async = name in ("load", "_write")
        monkeypatch.setattr(module, name, waited if is_async else timed)

    watch(runs, "load", "read")
    watch(stages, "best_plan", "pair")
    watch(stages, "check", "check")
    watch(runs, "explained", "explain")
    watch(runs, "_write", "write")


async def a_worked_round(households, servers):
    """A prefecture of its own, its round, the seconds of the whole job and those the worker was busy."""
    connection = await asyncpg.connect(servers.database_url)
    await settle(a_prefecture(households, households // 2), connection)
    await connection.close()
    now = datetime.now(UTC)
    await store_packs(now)
    round_id = await open_round(a_coordinator(CITY), CITY, DATED, "standard", now)
    plan_id = await queue_plan(a_coordinator(CITY), round_id, now)
    started, busy = time.perf_counter(), time.process_time()
    assert await run_one({"round.run": runs.run_plan}, "bench", now)
    return round_id, plan_id, time.perf_counter() - started, time.process_time() - busy


@pytest.mark.usefixtures("clean_db")
@pytest.mark.parametrize("households", [500, 50_000])
async def test_the_whole_round_from_database_to_database(households, servers, monkeypatch, say):
    spent = {}
    monkeypatch.setattr(all_pairs, "_FEW_PAIRS", 0)  # so that the small round before it compiles all
    clocked(monkeypatch, spent)
    round_id, plan_id, whole, busy = await a_worked_round(households, servers)
    state = await Plan.select(Plan.state, Plan.status).where(Plan.id == plan_id).first()
    assert state == {"state": "ready", "status": "optimal"}
    pairs = await Candidate.count().where(Candidate.plan == plan_id)
    (row,) = await Round.raw('SELECT * FROM "round" WHERE id = {}', round_id)
    demand = stages.first_demand(await runs.load(row))
    capped = assembled(demand, all_pairs._Area(demand, lambda: False).nearest(CAP)).problem
    solved = solve(capped, solver="prices")
    say(
        f"{households:,} x {households // 2:,}: {pairs:,} pairs in {whole:.1f} s, busy {busy:.1f} s ("
        + ", ".join(f"{part} {seconds:.1f}" for part, seconds in spent.items())
        + f"); pure solve of the nearest {CAP} ({capped.arcs:,} arcs) {solved.seconds:.2f} s: "
        f"{whole / solved.seconds:.1f} x"
    )
