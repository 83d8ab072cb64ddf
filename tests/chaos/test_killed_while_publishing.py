"""Kill -9 while a round is being published: afterwards nothing is published or all, and each is told once."""

import random
import subprocess
import time
from collections import Counter
from functools import partial

from commands import COUNTY, PATIENCE, servers_up, wait_until
from served_county import County

PUBLISH = """
import asyncio, sys
from uuid import UUID
from jiedui.actor import Actor
from jiedui.clock import utc_now
from jiedui.errors import Conflict
from jiedui.store.piccolo_conf import DB
from jiedui.rounds.publication import publish_round

async def main():
    await DB.start_connection_pool(min_size=1)
    print("go", flush=True)
    try:
        print(await publish_round(Actor.system(), UUID(sys.argv[1]), UUID(sys.argv[2]), utc_now()))
    except Conflict:
        print("conflict")

asyncio.run(main())
"""
PAIRS = 1959
KILLS = 20


def publishing(county: County, round_id: str, plan_id: str) -> subprocess.Popen[bytes]:
    """A process that is about to publish."""
    process = county.python(PUBLISH, round_id, plan_id)
    assert process.stdout is not None
    assert process.stdout.readline() == b"go\n"
    return process


def inside_or_done(county: County, process: subprocess.Popen[bytes]) -> bool:
    return county.written("pair") or process.poll() is not None


def outcome(county: County, round_id: str) -> str:
    """`nothing` or `everything`; anything between is a failure."""
    state, pairs, told, twice, audited = county.ask(
        """
        SELECT r.state,
            (SELECT count(*) FROM pair WHERE "round" = r.id) AS pairs,
            (SELECT count(DISTINCT recipient_id) FROM notice WHERE template = 'volunteer.proposal') AS told,
            (SELECT count(*) - count(DISTINCT recipient_id) FROM notice WHERE template LIKE '%.proposal'),
            (SELECT count(*) FROM audit_entry WHERE action = 'round.publish') AS audited
        FROM "round" r WHERE r.id = $1
        """,
        round_id,
    )[0].values()
    if (state, pairs, told, twice, audited) == ("draft", 0, 0, 0, 0):
        return "nothing"
    volunteers = county.one('SELECT count(DISTINCT volunteer) FROM pair WHERE "round" = $1', round_id)
    assert (state, pairs, told, twice, audited) == ("published", PAIRS, volunteers, 0, 1)
    return "everything"


def test_twenty_kills_while_publishing_leave_nothing_or_everything(county: County) -> None:
    """The publishing process is killed anywhere or inside its transaction, PostgreSQL every fifth time."""
    chance = random.Random(20261101)
    seen = Counter[str]()
    with servers_up(county.folder):
        round_id, plan_id = county.queue(COUNTY, "2026-11-10")
        with county.worker() as worker:
            wait_until(lambda: county.one("SELECT state FROM plan WHERE id = $1", plan_id) == "ready")
            worker.kill()
    for attempt in range(0, KILLS, 5):
        with servers_up(county.folder):
            for n in range(attempt, attempt + 5):
                process = publishing(county, round_id, plan_id)
                if n % 2:
                    wait_until(partial(inside_or_done, county, process), every=0.001)
                time.sleep(chance.uniform(0, 0.01 * n))
                begun = county.written("pair")
                if n % 5 == 4:
                    county.kill("postgres -D")
                process.kill()
                process.wait()
                seen["inside the transaction" if begun else "outside"] += 1
                if n % 5 != 4:
                    seen[outcome(county, round_id)] += 1
        with servers_up(county.folder):
            seen[outcome(county, round_id)] += 1
    print(f"{KILLS} kills while publishing:", dict(seen))
    assert seen["inside the transaction"] >= 3
    with servers_up(county.folder):
        if outcome(county, round_id) == "nothing":
            began = time.monotonic()
            process = publishing(county, round_id, plan_id)
            assert process.communicate(timeout=PATIENCE)[0] == f"{PAIRS}\n".encode()
            print(f"published in {time.monotonic() - began:.2f} s")
        assert outcome(county, round_id) == "everything"
        again = publishing(county, round_id, plan_id)
        assert again.communicate(timeout=PATIENCE)[0] == b"conflict\n"
        assert outcome(county, round_id) == "everything"
