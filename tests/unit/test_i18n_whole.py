"""Every sentence that the code marks is there in Chinese; one in an f-string is not collected by itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click

from jiedui.commands.cli import cli
from jiedui.commands.spoken import _WORDS
from jiedui.i18n import translations

ROOT = Path(__file__).parents[2]
SOURCES = [
    path for folder in ("platform", "matching", "notifications") for path in (ROOT / folder).rglob("*.py")
]


def marked(path: Path) -> set[str]:
    return {
        node.args[0].value
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "N_"
        if node.args and isinstance(node.args[0], ast.Constant)
    }


def test_every_sentence_of_the_code_is_there_in_chinese() -> None:
    catalogue = translations("zh_CN")
    sentences = {sentence: path for path in SOURCES for sentence in marked(path)}
    missing = {one: path.name for one, path in sentences.items() if catalogue.gettext(one) == one}
    assert {one: name for one, name in missing.items() if one != "PostgreSQL"} == {}
    assert len(sentences) > 500


def test_what_is_marked_inside_an_f_string_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = f\"{say(N_('inside'))}\"")
    assert marked(tmp_path / "a.py") == {"inside"}


def helps(command: click.Command) -> Iterator[str]:
    """What a command, its options and all below it say of themselves."""
    yield command.help or f"{command.name} has no help"
    for option in command.params:
        if isinstance(option, click.Option):
            yield from filter(None, (option.help, option.prompt))
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        yield from helps(below)


def test_every_help_and_prompt_of_the_commands_is_there_in_chinese() -> None:
    catalogue = translations("zh_CN")
    said = list(helps(cli))
    assert [one for one in said if catalogue.gettext(one) == one] == []
    assert len(said) > 50


def test_what_click_says_itself_is_what_we_have_translated() -> None:
    folder = Path(click.__file__).parent
    says = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    assert [word for word in _WORDS if f'_("{word}")' not in re.sub(r"\(\s+", "(", says)] == []
