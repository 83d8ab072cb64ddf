"""One settings file, found by every command; the environment goes before it; what is wrong is named."""

import re
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import pytest

from jiedui import settings
from jiedui.settings import SettingsError, configure, load, make_secret, told_by

SECRET = "a long random text, longer than thirty-two"
SERVERS = {"DATABASE_URL": "postgresql:///x", "REDIS_URL": "unix:///x"}
WHOLE = {**SERVERS, "JIEDUI_SECRET": SECRET}


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The checkout's file and the machine's, neither of them there yet."""
    found = tmp_path / "checkout" / "jiedui.toml", tmp_path / "etc" / "jiedui.toml"
    for path in found:
        path.parent.mkdir()
    monkeypatch.setattr(settings, "PLACES", found)
    monkeypatch.setattr(settings, "ROOT", found[0].parent)
    return found


def configured(**environ: str) -> dict[str, str]:
    configure(environ)
    return environ


def test_the_named_file_goes_first_then_the_checkouts_then_the_machines(places, tmp_path):
    checkout, machine = places
    machine.write_text("port = 1")
    assert configured()["JIEDUI_PORT"] == "1"
    checkout.write_text("port = 2")
    assert configured()["JIEDUI_PORT"] == "2"
    (tmp_path / "own.toml").write_text("port = 3")
    said = configured(JIEDUI_CONFIG=str(tmp_path / "own.toml"))
    assert said["JIEDUI_PORT"] == "3"
    assert "JIEDUI_PORT" not in configured(JIEDUI_CONFIG="")


def test_every_process_started_from_here_reads_the_same(places):
    places[1].write_text('data = "/srv/data"\npublic_url = "https://x.example"\ndemo = true\nlanguage = "en"')
    said = configured()
    assert said == {
        "JIEDUI_CONFIG": str(places[1]), "JIEDUI_DATA": "/srv/data",
        "JIEDUI_PUBLIC_URL": "https://x.example", "JIEDUI_DEMO": "1", "JIEDUI_LANG": "en",
    }  # fmt: skip
    assert configured(**said) == said


def test_a_variable_goes_before_the_file_and_is_told(places):
    places[0].write_text("port = 8001\nhost = '0.0.0.0'")
    said = configured(JIEDUI_PORT="9000", JIEDUI_HOST="0.0.0.0")
    assert said["JIEDUI_PORT"] == "9000"
    assert told_by(said) == f"{places[0]}; JIEDUI_PORT"


def test_without_a_file_the_data_lie_in_the_checkout_wherever_the_command_is_given(places, monkeypatch):
    monkeypatch.chdir(places[1].parent)
    assert configured()["JIEDUI_DATA"] == str(places[0].parent / ".data")
    assert configured(JIEDUI_DATA="here")["JIEDUI_DATA"] == str(places[1].parent / "here")


@pytest.mark.parametrize("key", ["data", "policy", "log_file"])
def test_a_relative_path_is_meant_from_the_files_folder(places, key):
    places[1].write_text(f'{key} = "here"')
    assert configured()[settings.VARIABLES[key]] == str(places[1].parent / "here")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prt = 1", "says prt, which is no setting. → port"),
        ("[web]\nport = 1", "says web, which is no setting"),
        ("port = [1]", "says of port what is neither text"),
        ("port = 1.5", "says of port what is neither text"),
        ("port = ", "are not understood"),
        ("port = 1\nport = 2", "are not understood"),
        ('port = "\udcff"', "are not understood"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_place(places, text, words):
    places[0].write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(SettingsError, match=words) as refused:
        configured()
    assert str(places[0]) in str(refused.value)


def test_a_named_file_that_is_not_there_is_no_reason_to_look_elsewhere(places):
    places[0].write_text("port = 1")
    with pytest.raises(SettingsError, match="JIEDUI_CONFIG names /not/there"):
        configured(JIEDUI_CONFIG="/not/there")


@pytest.mark.parametrize("text", [f'secret = "{SECRET}"', 'database_url = "postgresql://me:word@host/x"'])
def test_a_file_with_a_secret_that_everybody_may_read_is_refused(places, text):
    places[0].write_text(text)
    places[0].chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 640"):
        configured()
    places[0].chmod(0o640)
    configured()


def test_a_database_without_a_password_may_be_read_by_all(places):
    places[0].write_text('database_url = "postgresql:///jiedui?host=/run/postgresql"')
    places[0].chmod(0o644)
    configured()


def test_no_secret_is_made_unless_a_county_begins(tmp_path):
    environ = SERVERS | {"JIEDUI_DATA": str(tmp_path)}
    with pytest.raises(SettingsError, match=f"There is no secret in {tmp_path}/secret"):
        load(environ)
    assert not (tmp_path / "secret").exists()
    make_secret(environ)
    made = load(environ).secret
    assert len(made) >= 32
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    make_secret(environ)
    assert load(environ).secret == made


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n"])
def test_a_line_break_that_an_editor_leaves_belongs_to_no_secret(tmp_path, end):
    environ = SERVERS | {"JIEDUI_DATA": str(tmp_path)}
    (tmp_path / "secret").write_bytes(SECRET.encode() + end)
    assert load(environ).secret == load(environ | {"JIEDUI_SECRET": SECRET}).secret == SECRET.encode()
    assert load(environ | {"JIEDUI_SECRET": SECRET + end.decode()}).secret == SECRET.encode()


@pytest.mark.parametrize("kept", [b"", b"\n", b"too short", b"x" * 31])
def test_an_empty_or_short_secret_is_refused(tmp_path, kept):
    environ = SERVERS | {"JIEDUI_DATA": str(tmp_path)}
    (tmp_path / "secret").write_bytes(kept)
    with pytest.raises(SettingsError, match=f"secret in {tmp_path}/secret is empty or shorter than 32"):
        load(environ)
    with pytest.raises(SettingsError, match="secret in JIEDUI_SECRET is empty or shorter than 32"):
        load(environ | {"JIEDUI_SECRET": kept.decode()})


def test_the_example_says_every_setting_with_its_variable():
    example = (Path(__file__).parents[2] / "jiedui.example.toml").read_text("utf-8")
    for key, variable in settings.VARIABLES.items():
        lines = [line for line in example.splitlines() if line.startswith(f"#{key} = ")]
        assert [line.endswith(f"# {variable}") for line in lines] == [True], key


@pytest.mark.parametrize("value", ["*", "proxy.example", "10.0.0.0/99", "127.0.0.1 ::1", "10.0.0.1/8"])
def test_a_trusted_proxy_is_an_address_or_a_network(value: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(repr(value))):
        load({**WHOLE, "JIEDUI_TRUSTED_PROXIES": value})


def test_nobody_may_be_trusted_and_the_machine_itself_is_unless_said_otherwise() -> None:
    assert load(WHOLE).trusted_proxies == ["127.0.0.1", "::1"]
    assert load({**WHOLE, "JIEDUI_TRUSTED_PROXIES": ""}).trusted_proxies == []


@pytest.mark.parametrize("sign", list("@/:#%?'\"[]&=+$; \\"))
@pytest.mark.parametrize("scheme", ["postgresql", "redis"])
@pytest.mark.parametrize("start", ["12", "xq"])
def test_an_address_is_read_with_the_password_in_it_or_refused_without_quoting_it(scheme, sign, start):
    password = f"{start}{sign}secret"
    address = f"{scheme}://jiedui:{password}@db.example:1234/jiedui"
    both = {"DATABASE_URL": "postgresql://h/x", "REDIS_URL": "redis://h"}
    variable = "REDIS_URL" if scheme == "redis" else "DATABASE_URL"
    both[variable] = address
    try:
        settings.addresses(both)
    except SettingsError as refused:
        assert sign in "/#?[]"
        assert "secret" not in str(refused) and start not in str(refused)
    else:
        read = urlsplit(address)
        assert (unquote(read.password), read.hostname, read.port) == (password, "db.example", 1234)
    both[variable] = address.replace(password, quote(password, safe=""))
    settings.addresses(both)


def test_several_hosts_and_a_socket_are_addresses():
    for address in (
        "postgresql://u:p@a:1,b:2/x",
        "postgresql:///x?host=%2Frun%2Fpg&port=5432",
        "postgresql://",
    ):
        settings.addresses({"DATABASE_URL": address, "REDIS_URL": "unix://:p@/run/valkey.sock?db=0"})
