"""Both manuals say the same commands in the same order, and quote what the product really says."""

import re
from pathlib import Path

import click
import pytest
from babel.messages.pofile import read_po

from jiedui.commands.cli import cli
from jiedui.settings import VARIABLES

ROOT = Path(__file__).parents[2]
ENGLISH, CHINESE = (ROOT / "docs" / name for name in ("operations.md", "operations.zh-CN.md"))
_SAID = re.compile(r"^\| (.+?) \| .+ \|$", re.MULTILINE)


def commands_of(manual: Path) -> list[str]:
    """The lines of its command blocks, without what is said about them."""
    lines = [line[4:] for line in manual.read_text().splitlines() if line.startswith("    ")]
    return [line for line in (re.split(r"(?:^|\s+)# ", line)[0].strip() for line in lines) if line]


def quoted_by(manual: Path, heading: str) -> list[str]:
    """What stands in the first column under a heading, piece by piece."""
    text = manual.read_text()
    table = text[text.index(heading) :]
    cells = [cell for cell in _SAID.findall(table)[1:] if not set(cell) <= set("-| ")]
    return [piece for cell in cells for piece in re.split(r"\s*…\s*|; |；| / ", cell) if len(piece) > 3]


def test_both_manuals_say_the_same_commands() -> None:
    assert commands_of(CHINESE) == commands_of(ENGLISH)
    assert len(commands_of(ENGLISH)) > 30


@pytest.mark.parametrize("manual", [ENGLISH, CHINESE])
def test_a_manual_names_commands_and_settings_that_there_are(manual: Path) -> None:
    context = click.Context(cli)
    said = {
        line.split("./dev jiedui ")[1].split()[0] for line in commands_of(manual) if "./dev jiedui" in line
    }
    assert {verb for verb in said if cli.get_command(context, verb) is None} == set()
    named = set(re.findall(r"\b(?:JIEDUI_[A-Z_]+)\b", manual.read_text()))
    assert named - {*VARIABLES.values(), "JIEDUI_PYTHON", "JIEDUI_CONFIG"} == set()


@pytest.mark.parametrize(
    ("manual", "heading"), [(ENGLISH, "## When it does not start"), (CHINESE, "## 启动不了")]
)
def test_what_a_manual_quotes_is_what_is_said(manual: Path, heading: str) -> None:
    with (ROOT / "platform/jiedui/i18n/locale/zh_CN/LC_MESSAGES/jiedui.po").open("rb") as file:
        messages = [message for message in read_po(file) if isinstance(message.id, str)]
    texts = [str(text) for message in messages for text in (message.id, message.string)]
    said = "\n".join([*texts, (ROOT / "dev").read_text()])
    said = re.sub(r"\{[a-z]+\}", " ", said)
    assert [piece for piece in quoted_by(manual, heading) if piece not in said] == []
