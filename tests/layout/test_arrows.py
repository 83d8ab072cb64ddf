"""What import-linter cannot see: SQL is text, but it has arrows too; and how large the rooms are."""

import ast
import re
import statistics
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "platform/jiedui"
WRITES = re.compile(
    r'\b(?:INSERT INTO|DELETE FROM|UPDATE)\s+"?(\w+)"?(?=\s+(?:\w+\s+)?(?:SET|WHERE|\(|USING|AS)|\s*\(|\s*$)'
)
READS = re.compile(r'(?<!DISTINCT )\b(?:FROM|JOIN)\s+(?:LATERAL\s+)?"?(\w+)"?(?![\w.])')
BEGINS = ("rounds", "pair")
"""Publication: the one moment in which a plan's rows become another concept's."""
FUNCTIONS = {"unnest", "generate_series", "jsonb_array_elements", "jsonb_array_elements_text"}


def texts_of(path: Path) -> Iterator[str]:
    """The string constants of a module, docstrings left out, the pieces of an f-string as one."""
    tree = ast.parse(path.read_text("utf-8"))
    said = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    inside = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else " {} " for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in said | inside:
            yield node.value


@pytest.fixture(scope="module")
def tables() -> dict[str, str]:
    """Each table by the concept that owns it."""
    owners = {}
    for path in [*HOUSE.glob("*/tables.py"), ROOT / "notifications/jiedui_notifications/tables.py"]:
        for name in re.findall(r'tablename="(\w+)"', path.read_text("utf-8")):
            owners[name] = path.parent.name
    return owners


@pytest.fixture(scope="module")
def floors() -> dict[str, int]:
    """How high each concept stands, the lowest at 0, as import-linter is told."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in told if one["name"].startswith("Behaviour"))
    return {
        name: height
        for height, layer in enumerate(reversed(layers))
        for name in re.split(r"\s*[|:]\s*", layer)
    }


def test_sql_writes_to_no_table_of_a_concept_above(tables: dict[str, str], floors: dict[str, int]) -> None:
    upward = []
    for path in HOUSE.rglob("*.py"):
        concept = path.relative_to(HOUSE).parts[0]
        if len(path.relative_to(HOUSE).parts) == 1 or concept not in floors:
            continue
        for text in texts_of(path):
            for name in WRITES.findall(text):
                owner = tables.get(name)
                if owner in (None, concept) or (concept, name) == BEGINS:
                    continue
                if floors.get(owner, -1) >= floors[concept]:
                    upward.append(f"{path.relative_to(HOUSE)} writes {name} of {owner}")
    assert upward == []


def test_sql_reads_only_tables_and_views_that_there_are(tables: dict[str, str]) -> None:
    views = re.findall(
        r"^CREATE (?:VIEW|FUNCTION) (\w+)", (HOUSE / "store/sql/views.sql").read_text("utf-8"), re.MULTILINE
    )
    catalogue = {"information_schema", "pg_tables", "pg_stat_activity", "pg_stat_archiver", "migration"}
    known = {*tables, *views, *FUNCTIONS, *catalogue}
    unknown = set()
    for path in HOUSE.rglob("*.py"):
        for text in texts_of(path):
            if not re.search(r"\bSELECT\b|\bUPDATE\b.*\bSET\b", text):
                continue
            local = set(re.findall(r"\b(\w+)(?:\s*\([^()]*\))?\s+AS\s+(?:MATERIALIZED\s+)?\(", text))
            for name in READS.findall(text):
                if name not in known | local and name.lower() == name:
                    unknown.add(f"{path.relative_to(HOUSE)}: {name}")
    assert sorted(unknown) == []


@pytest.mark.parametrize(("view", "states"), [("live_pair", "LIVE"), ("agreed_pair", "AGREED")])
async def test_the_views_of_pairs_and_python_mean_the_same_states(
    database: None, view: str, states: str
) -> None:
    from jiedui.pairs import tables
    from jiedui.store.piccolo_conf import DB

    (told,) = await DB._run_in_new_connection(f"SELECT pg_get_viewdef('{view}'::regclass) AS text")
    assert set(re.findall(r"'(\w+)'", told["text"])) == set(getattr(tables, states))


SPELLED = re.compile(
    r"""(['"])active\1, *\1paused\1|(['"])paused\2, *\2active\2|region_code LIKE|\.region_code\.like\("""
)
HOMES = {"pairs/tables.py", "pairs/rules.py", "pairs/disclosure.py"}
"""The states themselves, the steps that lead from one to the next, and the order in which they are shown."""


def test_the_live_states_and_the_area_are_spelled_in_one_place() -> None:
    spelled = {
        str(path.relative_to(HOUSE))
        for path in HOUSE.rglob("*.py")
        if SPELLED.search(path.read_text("utf-8"))
    }
    assert spelled - HOMES == set()


def test_rooms_are_of_a_size_to_read() -> None:
    """Architecture: median at most 95 lines, nine of ten at most 240, none above 400."""
    sizes = sorted(
        len(path.read_text("utf-8").splitlines())
        for folder in (HOUSE, ROOT / "matching", ROOT / "notifications")
        for path in folder.rglob("*.py")
        if path.name != "__init__.py"
    )
    median, most = statistics.median(sizes), sizes[int(len(sizes) * 0.9)]
    print(f"modules: median {median:.0f}, p90 {most}, largest {sizes[-1]}")
    assert (median <= 95, most <= 240, sizes[-1] <= 400) == (True, True, True), (median, most, sizes[-1])
