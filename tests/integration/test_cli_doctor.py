"""What the doctor finds while the servers answer: each of it is a line, and an exit status to be watched."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from commands import county_up, jiedui, refused
from served_county import County

from jiedui.clock import SHANGHAI, utc_now
from jiedui.errors import Refused, kept

FAIL = (
    "INSERT INTO job (kind, region_code, payload, state, attempts, run_after, worker, step, done_units,"
    " total_units, stop_requested, error, created_at, finished_at) VALUES ('plan', '500230000000', '{}',"
    " 'failed', 3, now(), '', '', 0, 0, false, $1, now(), now() - $2::interval)"
)
HOLD = (
    "INSERT INTO notice (region_code, recipient_kind, template, state, not_before, dedupe_key, hold_reason,"
    " created_at) VALUES ('500230000000', 'volunteer', 'volunteer.welcome', 'held', now(), 'one', $1, now())"
)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    folder = tmp_path_factory.mktemp("doctor")
    with county_up(folder):
        yield County(folder)


@pytest.fixture
def county(up: County) -> Iterator[County]:
    """A county that is well again after each test."""
    yield up
    up.ask("DELETE FROM job")
    up.ask("DELETE FROM notice")
    up.ask("DELETE FROM migration WHERE name > '3'")


def found(county: County, **environ: str) -> str:
    """The lines of what is not well; the exit status says that there are some."""
    result = jiedui(county.folder, "doctor", **environ)
    lines = "\n".join(line for line in result.stdout.splitlines() if line.startswith("✗"))
    assert (result.returncode, result.stderr) == (int(bool(lines)), "")
    return lines


def test_a_job_that_met_with_an_accident(county: County) -> None:
    county.ask(FAIL, "MemoryError", timedelta(hours=1))
    assert (
        found(county)
        == "✗ Jobs: 0 jobs wait longer than a minute; failed by accident in the last 7 days: plan"
    )


def test_a_job_whose_refusal_a_person_was_told_is_no_accident_nor_is_an_old_one(county: County) -> None:
    county.ask(FAIL, kept(Refused("No village of this county is named so.")), timedelta(hours=1))
    county.ask(FAIL, "MemoryError", timedelta(days=8))
    assert found(county) == ""


def test_a_job_that_nobody_takes(county: County) -> None:
    county.ask(FAIL.replace("'failed'", "'queued'").replace("run_after", "run_after", 1), "", timedelta(0))
    county.ask("UPDATE job SET run_after = now() - interval '2 minutes', finished_at = NULL")
    assert found(county) == "✗ Jobs: 1 jobs wait longer than a minute"


def test_notices_that_no_gateway_takes(county: County) -> None:
    county.ask(HOLD, "no_gateway")
    said = found(county)
    assert said.startswith(
        "✗ Ways of telling: Call, Letter, Through the village; 1 notices are held, for there is no"
    )


def test_a_notice_held_for_another_reason_is_the_coordinators(county: County) -> None:
    county.ask(HOLD, "unknown_outcome")
    assert found(county) == ""


@pytest.mark.parametrize("age", [timedelta(days=1), timedelta(days=3)])
def test_the_age_of_the_newest_backup(county: County, age: timedelta) -> None:
    folder = county.folder / "backups"
    folder.mkdir(exist_ok=True)
    taken = (utc_now() - age).astimezone(SHANGHAI)
    file = folder / f"jiedui-{taken:%Y%m%dT%H%M%S}.age"
    file.touch()
    said = found(county)
    file.unlink()
    assert (f"the newest is of {taken:%Y-%m-%d %H:%M}" in said) is (age > timedelta(days=2))


def test_a_county_that_began_days_ago_and_has_no_backup(county: County) -> None:
    county.ask("UPDATE migration SET ran_on = ran_on - interval '3 days'")
    said = found(county)
    county.ask("UPDATE migration SET ran_on = ran_on + interval '3 days'")
    assert said == f"✗ Backups: none in {county.folder}/backups yet"


def test_a_clock_that_goes_wrong(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    from jiedui.launcher.servers import running_servers
    from jiedui.settings import load

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz=None):  # type: ignore[no-untyped-def,override]
            return datetime.now(tz) + timedelta(days=1)

    servers = running_servers(county.folder)
    assert servers
    environ = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
    monkeypatch.setenv("DATABASE_URL", servers.database_url)
    from jiedui.commands import doctor

    settings = load({**environ, "JIEDUI_DATA": str(county.folder)})
    assert asyncio.run(doctor._clock(settings))[1]
    monkeypatch.setattr(doctor, "datetime", Tomorrow)
    assert not asyncio.run(doctor._clock(settings))[1]


def test_a_database_that_a_later_release_changed_is_left_alone(county: County) -> None:
    county.ask(
        "INSERT INTO migration (name, app_name, ran_on) VALUES ('3026-01-01T00:00:00:0', 'jiedui', now())"
    )
    file = county.folder / "households.xlsx"
    file.touch()
    for command in (("migrate",), ("serve",), ("households", "import", file)):
        assert "A later release of jiedui has worked on this database" in refused(county.folder, *command)
    assert "✗ Migrations: A later release" in found(county)
