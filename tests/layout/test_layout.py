"""The house keeps its own rules: what can be read off the tree, the tables and the locks is read here."""

import ast
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from commands import PATIENCE
from piccolo.columns import ForeignKey, OnDelete

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for folder in ("platform/jiedui", "matching", "notifications")
    for path in (ROOT / folder).rglob("*.py")
]
FLOORS = {"litestar": (2, 25, 0), "piccolo": (1, 38, 0), "multipart": (2, 0, 1)}
HOSTS = re.compile(r"pypi\.org|pythonhosted|npmjs|--(extra-)?index-url|registry = |\"resolved\": \"http")


def test_every_module_says_what_it_promises() -> None:
    silent = [str(path) for path in SOURCES if ast.get_docstring(ast.parse(path.read_text("utf-8"))) is None]
    assert silent == []


def test_no_folder_of_the_library_shadows_a_standard_module() -> None:
    assert not (ROOT / "platform/__init__.py").exists()
    assert not list((ROOT / "tests").rglob("__init__.py"))


@pytest.mark.parametrize("lock", ["requirements/run.lock", "requirements/test.lock", "package-lock.json"])
def test_lock_files_name_no_registry(lock: str) -> None:
    assert not HOSTS.search((ROOT / lock).read_text("utf-8"))


def test_every_locked_python_package_is_pinned_by_hash() -> None:
    text = (ROOT / "requirements/test.lock").read_text("utf-8")
    packages = re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)
    assert len(packages) > 50
    assert all(f"{name}==" in text for name in packages)
    blocks = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
    assert [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize(("package", "floor"), FLOORS.items())
def test_packages_with_known_holes_are_new_enough(package: str, floor: tuple[int, ...]) -> None:
    assert tuple(int(part) for part in version(package).split(".")[:3]) >= floor


def test_no_reference_cascades_and_none_is_empty_by_accident() -> None:
    from jiedui.store.piccolo_app import APP_CONFIG

    keys = [
        column
        for table in APP_CONFIG.table_classes
        for column in table._meta.foreign_key_columns
        if isinstance(column, ForeignKey)
    ]
    assert len(keys) > 15
    assert [str(key) for key in keys if key._foreign_key_meta.on_delete != OnDelete.restrict] == []
    assert {f"{key._meta.table._meta.tablename}.{key._meta.name}" for key in keys if key._meta.null} == {
        "pair.round",
        "concern.pair",
    }


async def test_every_area_column_is_checked_by_the_database(database: None) -> None:
    from jiedui.store.piccolo_conf import DB

    unchecked = await DB._run_in_new_connection(
        "SELECT c.table_name FROM information_schema.columns c"
        " JOIN information_schema.tables t USING (table_schema, table_name)"
        " WHERE t.table_type = 'BASE TABLE' AND c.column_name = 'region_code'"
        " AND c.table_schema = 'public' AND NOT EXISTS (SELECT FROM pg_constraint k"
        " WHERE k.conrelid = format('%I', c.table_name)::regclass AND k.contype = 'c'"
        " AND pg_get_constraintdef(k.oid) LIKE '%region_code%')"
    )
    assert {row["table_name"] for row in unchecked} <= {"notice"}


def test_tables_and_migrations_agree(database: None, tmp_path: Path) -> None:
    """Asking Piccolo for a migration must find nothing left to migrate."""
    told = subprocess.run(
        [sys.executable, "-m", "piccolo.main", "migrations", "new", "jiedui", "--auto"],
        input="n\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        cwd=tmp_path,
    )
    counted = re.findall(r"^([A-Z][\w ]+?) {2,}(\d+)$", told.stdout, re.MULTILINE)
    assert counted, told.stdout + told.stderr
    assert [(what, n) for what, n in counted if n != "0"] == []


def test_every_sentence_is_translated() -> None:
    from babel.messages.extract import extract_from_dir
    from babel.messages.pofile import read_po

    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.txt", "jinja2")]
    wanted = {
        message
        for folder in ("platform", "matching", "notifications")
        for _, _, message, _, _ in extract_from_dir(ROOT / folder, methods, keywords={"_": None, "N_": None})
        if isinstance(message, str) and message
    }
    with (ROOT / "platform/jiedui/i18n/locale/zh_CN/LC_MESSAGES/jiedui.po").open("rb") as file:
        known = {message.id: message.string for message in read_po(file) if message.id}
    assert sorted(message for message in wanted if not known.get(message)) == []
    places = re.compile(r"{(\w*)[^}]*}")
    assert {
        id_: string
        for id_, string in known.items()
        if sorted(set(places.findall(id_))) != sorted(set(places.findall(string)))
    } == {}


def test_the_web_process_loads_neither_solver_nor_compiler() -> None:
    """It answers people while a worker calculates; 200 MB and two seconds of start are not for it."""
    script = "import sys, jiedui.asgi; print(*{'numba', 'ortools', 'scipy'} & sys.modules.keys())"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.split() == []


WEB = [path for path in SOURCES if path.name.endswith("pages.py") or path.parent.name == "web"]
MEANT_IN_ONE_PLACE = re.compile(
    r"\burl(split|parse)\(|\bfromisoformat\b|\bstrptime\b|\bUUID\(|\bint\(|\bfloat\(|\.isdigit\(|request\.url\b"
)


def test_what_comes_from_outside_as_text_is_understood_in_one_place() -> None:
    elsewhere = {
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in WEB
        if path.name != "asked.py"
        for found in MEANT_IN_ONE_PLACE.finditer(path.read_text("utf-8"))
    }
    assert elsewhere == {"platform/jiedui/accounts/pages.py: int("}  # a cookie's seconds


def test_no_text_becomes_markup_on_its_way_into_a_page() -> None:
    """Neither in our scripts, nor handed to Leaflet without `plain`, nor past the templates' escaping."""
    scripts = [path for path in (ROOT / "platform/jiedui/web/static").glob("*.js")]
    written = re.compile(
        r"(inner|outer)HTML\s*=|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser"
        r"|\b(bindTooltip|bindPopup|setContent|setTooltipContent|setPopupContent)\((?!plain\()"
        r"|\bhtml: (?!plain\()|\b(attribution|prefix): "
    )
    assert len(scripts) > 1
    assert [
        (path.name, found[0]) for path in scripts for found in written.finditer(path.read_text("utf-8"))
    ] == []
    templates = [*(ROOT / "platform").rglob("templates/**/*.html")]
    assert len(templates) > 50
    assert [path for path in templates if re.search(r"\|\s*safe\b|autoescape", path.read_text("utf-8"))] == []


def test_every_form_that_does_something_carries_its_key() -> None:
    """`form_fields()`; the token alone is for what needs no key, and for the language not even that."""
    hidden: dict[str, set[str]] = {}
    for path in (ROOT / "platform").rglob("templates/**/*.html"):
        for form in re.findall(r"<form\b(?:.(?!</form>))*", path.read_text("utf-8"), re.DOTALL):
            if 'method="post"' in form:
                fields = re.findall(r"\{\{ (\w+_fields?)\(\) \}\}", form)
                action = re.search(r' action="([^"]*)"', form)
                hidden.setdefault(",".join(fields), set()).add(action[1] if action else "")
    assert len(hidden.pop("form_fields")) > 20
    assert hidden == {
        "": {"/language"},
        "token_field": {
            "/login",
            "/login/volunteer/code",
            "/logout",
            "/h/{{ token }}",
            "/households/find",
            "/volunteers/find",
        },
    }
