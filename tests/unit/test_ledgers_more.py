"""What a policy's rules also want to know of people: from a ledger's column to a column of whole numbers."""

from datetime import date

import msgspec
import numpy as np
import pytest
from ledger_files import household_row, ledger_file, volunteer_row

from jiedui.households.reading import read_households
from jiedui.households.rows import columns_of, facts_of
from jiedui.ledgers.person import MORE_UNKNOWN, more_column, more_in
from jiedui.regions.villages import VillageIndex
from jiedui.volunteers.reading import read_volunteers
from jiedui_pairing.people import UNREAD, more_columns
from jiedui_pairing.policy import MoreTrait, Pack, from_data, standard
from jiedui_pairing.traits import meets

ON = date(2026, 11, 1)
VILLAGES = VillageIndex(
    [("500230100000", "虎威镇", "township"), ("500230100200", "回龙村村民委员会", "village")]
)
DIALECT = MoreTrait("dialect", [["客家话", "客家"], ["土家语"]], households=["方言"], volunteers=["会说方言"])
PACK = msgspec.structs.replace(standard(), more=[DIALECT])


def kept(pack: Pack, more: list[dict[str, list[str]]]) -> dict[str, list[int]]:
    return {
        name: list(column) for name, column in more_columns(pack, [more_column(one) for one in more]).items()
    }


def test_the_columns_a_policy_asks_for_are_read_and_no_others(tmp_path):
    rows = [household_row(1, d="客家"), household_row(2, d="官话、土家语"), household_row(3, d="")]
    path = ledger_file(tmp_path, "households", *rows, headers={"d": "方言"})
    read = read_households(path, VILLAGES, PACK, on=ON)
    more = [one.more for one in read.records]
    assert more == [{"more:dialect": ["客家话"]}, {"more:dialect": ["?", "土家语"]}, {"more:dialect": []}]
    assert [(one.reason, one.cell, one.level) for one in read.report.findings] == [
        (MORE_UNKNOWN, "台账!J3", "warning")
    ]
    assert kept(PACK, more) == {"dialect": [1, UNREAD | 2, 0]}
    unasked = read_households(path, VILLAGES, standard(), on=ON)
    assert [one.text for one in unasked.unknown_headers] == ["方言"]
    assert kept(standard(), [one.more for one in unasked.records]) == {}


def test_a_ledger_without_the_column_says_nothing_and_an_empty_cell_says_none(tmp_path):
    def more(**columns: str) -> dict[str, list[str]]:
        path = ledger_file(tmp_path, "households", household_row(1, **columns), headers={"d": "方言"})
        (one,) = read_households(path, VILLAGES, PACK, on=ON).records
        return {field: fact for field, fact in facts_of(one).items() if field.startswith("more:")}

    assert more() == {}
    assert more(d="无") == {"more:dialect": []}


def test_what_is_kept_comes_back_as_it_was(tmp_path):
    path = ledger_file(tmp_path, "households", household_row(1, d="客家、官话"), headers={"d": "方言"})
    (one,) = read_households(path, VILLAGES, PACK, on=ON).records
    column = columns_of(facts_of(one))["more"]
    assert column == ["dialect:客家话", "dialect:?"]
    assert more_in(column) == one.more


def test_volunteers_have_headers_of_their_own(tmp_path):
    row = volunteer_row(2, d="土家语 客家")
    path = ledger_file(tmp_path, "volunteers", row, headers={"d": "会说方言"})
    (one,) = read_volunteers(path, VILLAGES, PACK, on=ON).records
    assert one.more == {"more:dialect": ["土家语", "客家话"]}


def test_a_word_that_another_version_of_the_policy_kept_counts_as_not_read():
    narrower = msgspec.structs.replace(PACK, more=[msgspec.structs.replace(DIALECT, words=[["土家语"]])])
    rows = [["dialect:客家话"], ["dialect:土家语", "other:客家话"], []]
    assert more_columns(narrower, rows) == {"dialect": [UNREAD, 1, 0]}


@pytest.mark.parametrize(
    ("asked", "had", "met"),
    [(0, 0, True), (0, UNREAD, True), (1, 0, False), (1, 3, True), (1, 2, False), (UNREAD, 0, False),
     (UNREAD, UNREAD, False), (1, UNREAD, False), (UNREAD | 2, 2, True)],
)  # fmt: skip
def test_nothing_asked_is_met_by_everybody_and_what_could_not_be_read_by_nobody(asked, had, met):
    assert meets(np.array([asked]), np.array([had])).tolist() == [met]


@pytest.mark.parametrize(
    ("trait", "words"),
    [({"code": "Dialect", "words": [["x"]]}, "regex"), ({"code": "d", "words": []}, "length"),
     ({"code": "d", "words": [[]]}, "length"), ({"code": "d", "words": [["x" * 31]]}, "length"),
     ({"code": "d", "words": [["x"], ["y", "x"]]}, "two things by x")],
)  # fmt: skip
def test_a_pack_with_a_trait_that_cannot_be_kept_is_refused(trait, words):
    data = msgspec.to_builtins(standard()) | {"more": [trait]}
    with pytest.raises(ValueError, match=words):
        from_data(data)
    twice = {"code": "d", "words": [["x"]]}
    with pytest.raises(ValueError, match="the same"):
        from_data(data | {"more": [twice, twice]})
