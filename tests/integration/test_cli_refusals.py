"""What the command line says to bad input: one sentence, the right exit status, and nothing lost."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from commands import (
    COUNTY,
    DATED,
    FENGDU,
    JIEDUI,
    PATIENCE,
    closed_port,
    county_up,
    done,
    environment,
    jiedui,
    knows_her,
    living,
    refused,
)
from ledger_files import household_row, ledger_file, volunteer_row
from served_county import County

from jiedui.clock import SHIFT, machine_now, today
from jiedui.commands.demo import hold_clock

NOT_LEDGERS = {
    "old.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "old Excel format"),
    "list.csv": ("姓名,村\n测试甲,回龙村\n".encode(), "text file"),
    "renamed.xlsx": ("姓名,村\n".encode("gbk"), "text file"),
    "pictures.zip": (b"PK\x05\x06" + bytes(18), ".xlsx"),
    "torn.xlsx": (b"PK\x03\x04" + bytes(40), "damaged"),
    "empty.xlsx": (b"", "empty"),
}


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose servers run, with regions and one household in it."""
    folder = tmp_path_factory.mktemp("refusals")
    with county_up(folder):
        yield folder


@pytest.mark.parametrize("name", NOT_LEDGERS)
def test_a_file_that_is_no_workbook_is_refused_and_nothing_is_lost(county: Path, name: str) -> None:
    content, words = NOT_LEDGERS[name]
    (county / name).write_bytes(content)
    assert words in refused(county, "households", "import", county / name)
    assert knows_her(county)


@pytest.mark.parametrize(
    ("kind", "other"), [("households", "volunteers"), ("volunteers", "households"), ("regions", "households")]
)
def test_the_other_ledger_is_recognised(county: Path, kind: str, other: str) -> None:
    sentence = refused(county, kind, "import", FENGDU / f"{other}.xlsx")
    assert (f"a ledger of {other}" in sentence) or kind == "regions"
    assert knows_her(county)


def test_a_missing_file_and_a_folder_are_named(county: Path) -> None:
    for path in (county / "nowhere.xlsx", county):
        assert refused(county, "households", "import", path) == f"There is no file {path}."


def test_bad_rows_are_reported_one_by_one_and_the_good_ones_taken(county: Path) -> None:
    report = county / "report.json"
    rows = [household_row(2, village="桃花源村"), household_row(3, township="火星镇"), household_row(4)]
    file = ledger_file(county, "households", *rows)
    assert "1 new, 0 changed, 0 unchanged" in done(county, "households", "import", file, "--report", report)
    document = json.loads(report.read_text(encoding="utf-8"))
    assert (document["rows"], document["accepted"], sum(document["rejected"].values())) == (3, 1, 2)
    assert {one["cell"] for one in document["details"]} == {"台账!B2", "台账!B3"}

    rows = [volunteer_row(5, capacity=-1), volunteer_row(6, capacity="-3户"), volunteer_row(7)]
    file = ledger_file(county, "volunteers", *rows)
    assert "1 new, 0 changed, 0 unchanged" in done(county, "volunteers", "import", file, "--report", report)
    document = json.loads(report.read_text(encoding="utf-8"))
    assert document["rejected"] == {"capacity is not a positive whole number": 2}


def test_an_unknown_policy_or_round_is_a_sentence(county: Path) -> None:
    run = ("round", "run", "--region", COUNTY, "--on", DATED, "--policy", "generous")
    assert refused(county, *run) == "There is no policy called generous."
    nowhere = "6e2f7b5c-0000-4000-8000-000000000000"
    assert "nothing at this address" in refused(county, "round", "show", nowhere)


@pytest.mark.parametrize(
    "arguments",
    [
        ("round", "run", "--region", COUNTY, "--on", "2026-13-01"),
        ("round", "run", "--region", COUNTY, "--on", "tomorrow"),
        ("round", "run"),
        ("round", "show", "123"),
        ("households", "import"),
        ("households",),
        ("divorce",),
        ("migrate", "--hard"),
        (),
    ],
)
def test_wrong_usage_ends_with_2_before_anything_starts(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = jiedui(tmp_path / "data", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Usage:" in result.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("JIEDUI_PORT", "eighty", "JIEDUI_PORT is 'eighty': write a number"),
        ("JIEDUI_PORT", "70000", "JIEDUI_PORT is '70000': write a number"),
        ("JIEDUI_SECRET", "short", "The secret in JIEDUI_SECRET is empty or shorter than 32"),
        ("JIEDUI_DEMO", "yes", "JIEDUI_DEMO is 'yes': write 1 or 0"),
        ("DATABASE_URL", "mysql://localhost/x", "DATABASE_URL is not understood: write postgresql://"),
        ("DATABASE_URL", "postgresql://jiedui:pa#ss@db.example/x", "DATABASE_URL is not understood: write"),
        ("REDIS_URL", "localhost", "REDIS_URL is not understood: write redis://"),
    ],
)
@pytest.mark.parametrize("verb", [("migrate",), ("serve",)])
def test_a_bad_setting_is_named_with_what_to_write(
    county: Path, variable: str, value: str, words: str, verb: tuple[str]
) -> None:
    assert words in refused(county, *verb, **{variable: value})


@pytest.mark.parametrize("code", ["999999999999", "50023", "", "500230000000' OR 1", "五零零二三零"])
@pytest.mark.parametrize("verb", ["account", "round"])
def test_a_region_that_is_none_is_named(county: Path, code: str, verb: str) -> None:
    words = {
        "account": (
            "account",
            "wang",
            "--role",
            "coordinator",
            "--name",
            "王",
            "--passphrase",
            "long enough for one",
        ),
        "round": ("round", "run"),
    }[verb]
    assert f"There is no area with the code {code} among yours." in refused(county, *words, "--region", code)


def test_a_database_that_is_away_or_somebody_elses_is_a_sentence(county: Path) -> None:
    url = f"postgresql://jiedui@127.0.0.1:{closed_port()}/jiedui"
    assert refused(county, "migrate", DATABASE_URL=url).startswith(
        "PostgreSQL does not answer at DATABASE_URL:"
    )


@pytest.mark.parametrize(
    ("n", "state", "words"),
    [
        (31, "disk_full", "The disk of the database is full. Nothing was changed."),
        (32, "insufficient_privilege", "ALTER DATABASE … OWNER TO …"),
    ],
)
def test_what_only_the_operator_can_mend_is_a_sentence(county: Path, n: int, state: str, words: str) -> None:
    database, file = County(county), ledger_file(county, "households", household_row(n))
    database.ask(
        "CREATE FUNCTION hinder() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'its own words' USING ERRCODE = '{state}', DETAIL = 'and more'; END $$"
    )
    database.ask("CREATE TRIGGER hinder BEFORE INSERT ON household EXECUTE FUNCTION hinder()")
    sentence = refused(county, "households", "import", file)
    database.ask("DROP FUNCTION hinder CASCADE")
    assert words in sentence
    assert sentence.endswith("(its own words)")
    assert "1 new, 0 changed, 0 unchanged" in done(county, "households", "import", file)


def test_a_report_that_cannot_be_written_is_told_before_the_work(county: Path) -> None:
    file = ledger_file(county, "households", household_row(9))
    for out in (county / "no" / "report.json", county):
        assert "cannot be written" in refused(county, "households", "import", file, "--report", out)
    assert "Would be: 1 new" in done(county, "households", "import", file, "--dry-run")


@pytest.mark.parametrize("verb", ["serve", "demo"])
def test_a_port_that_somebody_serves_on_is_named_before_anything_starts(tmp_path: Path, verb: str) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        words = refused(tmp_path / "data", verb, JIEDUI_PORT=str(port))
    assert words.startswith(f"Port {port} cannot be used: Address already in use.")
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "set JIEDUI_DATA to a folder" in refused(tmp_path / "file", "migrate", "--new")


def test_the_doctor_finds_a_healthy_folder_well(county: Path) -> None:
    printed = done(county, "doctor")
    assert printed.count("✓") == 13
    assert "✗" not in printed


@pytest.mark.parametrize(
    ("variable", "address", "line"),
    [
        ("REDIS_URL", "redis://127.0.0.1:{port}", "✗ Redis or Valkey: "),
        ("DATABASE_URL", "postgresql://jiedui@127.0.0.1:{port}/jiedui", "✗ PostgreSQL: "),
    ],
)
def test_the_doctor_names_what_is_not_reachable(county: Path, variable: str, address: str, line: str) -> None:
    result = jiedui(county, "doctor", **{variable: address.format(port=closed_port())})
    assert (result.returncode, result.stderr) == (1, "")
    assert line in result.stdout


def test_a_password_that_cuts_its_address_is_quoted_by_nobody(county: Path) -> None:
    for variable, address in {
        "DATABASE_URL": "postgresql://jiedui:hid/den@db.example/jiedui", "REDIS_URL": "redis://:hid#den@h/0",
    }.items():  # fmt: skip
        for command in (("doctor",), ("migrate",), ("serve",)):
            sentence = refused(county, *command, **{variable: address})
            assert f"{variable} is not understood" in sentence
            assert "hid" not in sentence and "den@" not in sentence
        run = subprocess.run(
            [sys.executable, "-m", "jiedui.launcher", "true"],
            env=environment(county, **{variable: address}),
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert run.returncode == 1
        assert run.stderr.startswith(f"{variable} is not understood")
        assert "hid" not in run.stderr and "den@" not in run.stderr


def test_the_doctor_of_a_running_service_looks_at_all_of_it(county: Path) -> None:
    with socket.socket() as site:
        site.bind(("127.0.0.1", 0))
        site.listen()
        threading.Thread(target=_say_something, args=(site,), daemon=True).start()
        printed = done(county, "doctor", "--running", JIEDUI_PORT=str(site.getsockname()[1]))
    assert printed.count("✓") == 13


def _say_something(site: socket.socket) -> None:
    connection, _ = site.accept()
    connection.recv(1000)
    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
    connection.close()


def test_the_doctor_is_content_with_a_county_that_has_just_begun(tmp_path: Path) -> None:
    assert "up to date" in done(tmp_path, "migrate", "--new")
    assert "✗" not in done(tmp_path, "doctor")


def test_the_doctor_of_a_service_that_was_stopped_says_so_and_starts_nothing(tmp_path: Path) -> None:
    (tmp_path / "postgres/cluster").mkdir(parents=True)
    assert "jiedui does not run: at port" in refused(tmp_path, "doctor", "--running")
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "postgres", tmp_path / "postgres/cluster"]


def test_two_commands_on_a_fresh_folder_both_do_their_work_and_leave_nobody_behind(tmp_path: Path) -> None:
    command = [*JIEDUI, "regions", "import", FENGDU / "regions.csv", "--new"]
    both = [
        subprocess.Popen(command, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    words = [process.communicate(timeout=PATIENCE) for process in both]
    assert [process.returncode for process in both] == [0, 0], words
    counts = sorted(out.decode().splitlines()[-1] for out, _ in words)
    assert counts == ["0 new, 0 changed, 369 unchanged", "369 new, 0 changed, 0 unchanged"]
    assert living(tmp_path) == []


def test_the_demonstration_does_not_mix_with_people_who_are_there_already(county: Path) -> None:
    assert knows_her(county)
    assert refused(county, "demo", "--once").startswith("This database holds people already")


def test_help_needs_no_server(tmp_path: Path) -> None:
    for arguments in (("--help",), ("round", "run", "--help"), ("--version",)):
        assert done(tmp_path / "data", *arguments)
    assert not (tmp_path / "data").exists()


def test_help_and_wrong_usage_are_in_the_terminals_language(tmp_path: Path) -> None:
    config = tmp_path / "jiedui.toml"
    config.write_text('language = "zh_CN"')
    chinese = {"JIEDUI_LANG": "zh_CN"}
    said = done(tmp_path, "round", "run", "--help", **chinese)
    assert (
        said.startswith("用法：") and "给一个地区的家庭配对志愿者。" in said and "地区的 12 位代码。" in said
    )
    assert "错误：没有选项 '--hard'。" in jiedui(tmp_path, "migrate", "--hard", **chinese).stderr
    settled = {name: word for name, word in environment(tmp_path).items() if name != "JIEDUI_LANG"}
    told = subprocess.run(
        [*JIEDUI, "--help"],
        env={**settled, "JIEDUI_CONFIG": str(config), "LANG": "en_GB.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "把数据库更新到本版本。" in told.stdout
    assert "Bring the database to this version." in done(tmp_path, "--help")


def test_a_question_that_nobody_answers_is_a_sentence_and_a_line_is_an_answer(tmp_path: Path) -> None:
    about = ("--role", "auditor", "--region", COUNTY, "--name", "x")

    def asked(answer: str) -> str:
        run = subprocess.run(
            [*JIEDUI, "account", "lihua", *about], input=answer, env=environment(tmp_path / "data"),
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert run.returncode == 1
        return run.stderr.strip()

    nobody = "This command asks something, and nobody is there to answer. Say it in the command (--passphrase"
    assert asked("").startswith(nobody)
    assert asked("long enough for one\n").startswith("No county is kept in")


def test_a_person_cannot_choose_the_clock(tmp_path: Path) -> None:
    done(tmp_path, "migrate", "--new")
    told = jiedui(tmp_path, "doctor", JIEDUI_CLOCK_SHIFT="-2600000")
    assert told.returncode == 1
    assert "for the demonstration only" in told.stderr


def test_the_demonstration_begins_on_the_day_of_its_ledgers_and_its_clock_goes_on(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    hold_clock(tmp_path, environ)
    first = machine_now() + timedelta(seconds=int(environ[SHIFT]))
    assert today(first) == date(2026, 11, 1)
    (tmp_path / "demonstration").write_text((machine_now() - timedelta(days=2)).isoformat(), encoding="ascii")
    hold_clock(tmp_path, environ)
    assert today(machine_now() + timedelta(seconds=int(environ[SHIFT]))) == date(2026, 11, 3)
