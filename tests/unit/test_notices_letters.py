"""Letters: a page each, in Chinese that a reader's machine can read out, with her square; no one else's."""

import re
import time
import zlib

import pytest
import segno

from jiedui.notices.letters import Letter, pdf_of


def a_letter(number: int = 1, **changed: str) -> Letter:
    defaults = {
        "recipient": "陶秀倩 收",
        "place": "丰都县 虎威镇 回龙村",
        "salutation": "陶女士，您好！",
        "text": "有一位志愿者愿意常来看看您家、搭把手。要不要，由您决定。",
        "link": f"https://jd.example.cn/h/{number:032x}",
        "contact": "回龙村村民委员会",
        "number": "H500230-00017",
        "dated": "2026年11月1日",
    }
    return Letter(**{**defaults, **changed})


def pages_of(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", _plain(pdf)))


def characters_of(pdf: bytes) -> set[str]:
    """Every character the PDF's fonts draw, by their tables to Unicode: what a screen reader hears."""
    tables = re.findall(rb"beginbf(?:char|range)(.*?)endbf", _plain(pdf), re.DOTALL)
    codes = [
        code for table in tables for line in table.splitlines() for code in re.findall(rb"<(\w+)>", line)[1:]
    ]
    return set("".join(bytes.fromhex(code.decode()).decode("utf-16-be", "replace") for code in codes))


def _plain(pdf: bytes) -> bytes:
    parts = [pdf]
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            parts.append(zlib.decompressobj().decompress(stream))
        except zlib.error:
            parts.append(stream)
    return b"\n".join(parts)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_each_household_has_one_page_with_every_character_of_her_letter(language: str) -> None:
    letters = [
        a_letter(1),
        a_letter(2, salutation="阿依古丽·买买提江女士，您好！", recipient="阿依古丽·买买提江 收"),
    ]
    pdf = pdf_of(letters, language)
    assert pages_of(pdf) == 2
    written = set(
        "".join(f"{one.recipient}{one.place}{one.salutation}{one.text}{one.link}" for one in letters)
    )
    assert written - characters_of(pdf) - set(" ") == set()


def test_long_names_and_addresses_stay_on_their_page() -> None:
    long = a_letter(
        text="有一位志愿者愿意常来看看您家、搭把手。" * 5,
        link="https://jiedui.a-long-name.example.cn/h/" + "f" * 43,
    )
    assert pages_of(pdf_of([long, long], "zh_CN")) == 2


def test_twenty_letters_take_well_under_a_second() -> None:
    pdf_of([a_letter()], "zh_CN")
    start = time.process_time()
    assert pages_of(pdf_of([a_letter(n) for n in range(20)], "zh_CN")) == 20
    assert time.process_time() - start < 1


def test_the_square_is_hers_and_survives_a_stain() -> None:
    one, other = (segno.make(a_letter(n).link, error="q", micro=False) for n in (1, 2))
    drawn = [pdf_of([a_letter(n)], "zh_CN") for n in (1, 2)]
    assert one.matrix != other.matrix
    assert drawn[0] != drawn[1]
    assert one.error == "Q"


def test_no_letters_are_no_pdf() -> None:
    with pytest.raises(ValueError, match="no letters"):
        pdf_of([], "zh_CN")


@pytest.mark.parametrize(
    "text",
    [
        '#panic("x")',
        "*b* $x$ `raw` <label> @ref #import",
        "= head\n- item\n// gone",
        "]#[",
        "\u202e陶",
        '"\\"',
    ],
)
def test_what_stands_in_a_ledger_is_written_and_never_run(text):
    pdf = pdf_of([a_letter(recipient=text, place=text, salutation=text, text=text, contact=text)], "zh_CN")
    assert pages_of(pdf) == 1
    drawn = set(text) - set(" \n\u202e")
    assert drawn <= characters_of(pdf) | set('"')
