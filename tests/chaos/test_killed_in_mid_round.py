"""Kill -9 in mid-round: the plan is made all the same, once and whole, and no process stays behind."""

import os
import signal
import subprocess
import time
from collections import Counter
from functools import partial

import pytest
from commands import (
    COUNTY,
    JIEDUI,
    PATIENCE,
    done,
    environment,
    held_clock,
    kill_9,
    living,
    servers_up,
    wait_until,
)
from served_county import County

PAIRS = 1959


def begun(county: County, plan_id: str, pid: int | None = None) -> bool:
    """Whether a worker has been at the plan, or the worker of that number; it may be done already."""
    query = "SELECT count(*) FROM job WHERE subject_id = $1 AND state <> 'queued' AND worker LIKE $2"
    return bool(county.one(query, plan_id, f"%:{pid or '%'}"))


def written_or_over(county: County, plan_id: str) -> bool:
    """Whether the answer is being written, or was before anybody could look."""
    state = "SELECT state FROM job WHERE subject_id = $1"
    return county.written("candidate") or county.one(state, plan_id) != "running"


def nothing_half_made(county: County, plan_id: str) -> bool:
    """Either no pair of the plan is there, or all are and it is ready."""
    state, pairs = county.ask(
        "SELECT state, (SELECT count(*) FROM candidate WHERE plan = plan.id) AS n FROM plan WHERE id = $1",
        plan_id,
    )[0].values()
    return bool((state, pairs) == ("ready", PAIRS) or (state in ("queued", "running") and not pairs))


def made_once_and_whole(county: County, round_id: str, plan_id: str) -> None:
    wait_until(lambda: county.one("SELECT state FROM plan WHERE id = $1", plan_id) == "ready")
    wait_until(lambda: county.one("SELECT state FROM job WHERE subject_id = $1", plan_id) == "done")
    found = county.ask(
        "SELECT stage, count(*) AS n, count(DISTINCT household) AS households, sum(cost)::bigint AS cost "
        "FROM candidate WHERE plan = $1 GROUP BY stage ORDER BY stage",
        plan_id,
    )
    assert [tuple(row.values())[:3] for row in found] == [(1, 1952, 1952), (2, 7, 7)]
    assert (
        found[0]["n"] + county.one("SELECT count(*) FROM left_out WHERE plan = $1 AND stage = 1", plan_id)
        == 2910
    )
    assert county.one('SELECT state FROM "round" WHERE id = $1', round_id) == "draft"
    assert county.one('SELECT count(*) FROM pair WHERE "round" = $1', round_id) == 0


def working(county: County, dated: str) -> list[str]:
    """The plans of a day's round that somebody is at."""
    query = (
        'SELECT plan.id FROM plan JOIN "round" ON "round".id = plan."round" JOIN job ON subject_id = plan.id '
        "WHERE dated = $1::text::date AND job.state = 'running'"
    )
    return [str(row["id"]) for row in county.ask(query, dated)]


def let_the_lease_pass(county: County, plan_id: str) -> None:
    """The dead worker's lease, as if its 20 seconds were over."""
    county.ask("UPDATE job SET lease_until = now() WHERE subject_id = $1 AND state = 'running'", plan_id)


def test_workers_killed_at_many_moments_leave_one_whole_plan(county: County) -> None:
    """When the job has just been taken, while it reads and solves, and while the answer is written."""
    moments: list[float | None] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, *[None] * 8]
    killed = Counter[str]()
    with servers_up(county.folder):
        round_id, plan_id = county.queue(COUNTY, "2026-11-02")
        for moment in moments:
            if moment is None and killed["while writing"]:
                break
            if county.one("SELECT state FROM job WHERE subject_id = $1", plan_id) == "done":
                _, plan_id = county.queue(COUNTY, "2026-11-02")  # it was faster than the kill
            with county.worker() as worker:
                wait_until(partial(begun, county, plan_id, worker.pid), every=0.005)
                if moment is None:
                    wait_until(partial(written_or_over, county, plan_id), every=0.001)
                else:
                    time.sleep(moment)
                where = "while writing" if county.written("candidate") else "before"
                worker.kill()
            assert nothing_half_made(county, plan_id)
            killed[where] += 1
            # The dead worker's lease, as if it had passed; these kills are no repeated accident of one job.
            county.ask("UPDATE job SET lease_until = now(), attempts = 0 WHERE subject_id = $1", plan_id)
        with county.worker() as worker:
            made_once_and_whole(county, round_id, plan_id)
            worker.kill()
    print("workers killed:", dict(killed))
    assert killed["before"] >= 4
    assert killed["while writing"]


def test_worker_and_web_server_come_back_by_themselves_and_the_lease_ends(county: County) -> None:
    """No hand is laid on: the round completes some seconds after the dead worker's lease."""
    with county.served():
        round_id, plan_id = county.queue(COUNTY, "2026-11-03")
        wait_until(lambda: begun(county, plan_id), every=0.005)
        killed = time.monotonic()
        county.kill("-m jiedui.worker")
        county.kill("-m jiedui.web.server")
        wait_until(county.answers)
        made_once_and_whole(county, round_id, plan_id)
        print(f"complete {time.monotonic() - killed:.1f} s after the kill")


@pytest.mark.parametrize(
    ("server", "dated"), [("postgres -D", "2026-11-05"), ("valkey-server", "2026-11-06")]
)
def test_a_killed_server_is_started_again_with_everything_on_it(
    county: County, server: str, dated: str
) -> None:
    with county.served():
        round_id, plan_id = county.queue(COUNTY, dated)
        wait_until(lambda: begun(county, plan_id), every=0.005)
        pid = county.kill(server)
        wait_until(lambda: any(server in words and one != pid for one, words in living(county.folder)))
        wait_until(county.answers)
        let_the_lease_pass(county, plan_id)
        made_once_and_whole(county, round_id, plan_id)


def test_kill_9_of_the_launcher_leaves_no_process_and_the_next_start_goes_on(county: County) -> None:
    with county.served() as launcher:
        round_id, plan_id = county.queue(COUNTY, "2026-11-07")
        wait_until(lambda: begun(county, plan_id), every=0.005)
        os.kill(launcher.pid, signal.SIGKILL)
        launcher.wait()
        wait_until(lambda: living(county.folder) == [])
    with county.served():
        assert nothing_half_made(county, plan_id)
        assert county.one("SELECT count(*) FROM household") == 2929
        let_the_lease_pass(county, plan_id)
        made_once_and_whole(county, round_id, plan_id)


def test_kill_9_of_everything_at_once_loses_nothing(county: County) -> None:
    with county.served():
        round_id, plan_id = county.queue(COUNTY, "2026-11-08")
        wait_until(lambda: begun(county, plan_id), every=0.005)
        kill_9(*(pid for pid, _ in living(county.folder)))
        wait_until(lambda: living(county.folder) == [])
    with county.served():
        assert nothing_half_made(county, plan_id)
        let_the_lease_pass(county, plan_id)
        made_once_and_whole(county, round_id, plan_id)


def test_a_round_of_the_command_line_that_was_killed_is_given_again_and_goes_on(county: County) -> None:
    """No worker runs beside it: nobody but the same command can end what it began."""
    run = ("round", "run", "--region", COUNTY, "--on", "2026-11-11")
    with servers_up(county.folder):
        environ = environment(county.folder, **held_clock())
        process = subprocess.Popen([*JIEDUI, *run], env=environ, stdout=subprocess.DEVNULL)
        wait_until(lambda: bool(working(county, run[-1])), every=0.005)
        process.kill()
        process.wait()
        (plan,) = working(county, run[-1])
        let_the_lease_pass(county, plan)
        assert "1,952 pairs" in done(county.folder, *run, **held_clock())
        made_once_and_whole(county, county.one('SELECT "round" FROM plan WHERE id = $1', plan), plan)


def test_ctrl_c_in_mid_round_puts_the_job_back_at_once(county: County) -> None:
    with county.served() as launcher:
        round_id, plan_id = county.queue(COUNTY, "2026-11-09")
        wait_until(lambda: begun(county, plan_id), every=0.005)
        launcher.send_signal(signal.SIGINT)
        assert launcher.wait(PATIENCE) == 0
        assert living(county.folder) == []
    with servers_up(county.folder):
        found = county.ask("SELECT state, lease_until FROM job WHERE subject_id = $1", plan_id)[0]
        assert tuple(found.values()) in (("queued", None), ("done", None)), "no lease is waited for"
    with county.served():
        made_once_and_whole(county, round_id, plan_id)
