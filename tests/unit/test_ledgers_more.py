"""What a policy's rules also want to know of people: from a ledger's column to a column of whole numbers."""

from datetime import date

import msgspec
from ledger_files import household_row, ledger_file, volunteer_row

from jiedui.households.reading import read_households
from jiedui.ledgers.person import MORE_UNKNOWN
from jiedui.regions.villages import VillageIndex
from jiedui.volunteers.reading import read_volunteers
from jiedui_pairing.people import more_columns
from jiedui_pairing.policy import MoreTrait, standard

ON = date(2026, 11, 1)
VILLAGES = VillageIndex(
    [("500230100000", "虎威镇", "township"), ("500230100200", "回龙村村民委员会", "village")]
)
DIALECT = MoreTrait("dialect", [["客家话", "客家"], ["土家语"]], households=["方言"], volunteers=["会说方言"])
PACK = msgspec.structs.replace(standard(), more=[DIALECT])


def test_the_columns_a_policy_asks_for_are_read_and_no_others(tmp_path):
    rows = [household_row(1, d="客家"), household_row(2, d="官话、土家语"), household_row(3, d="")]
    path = ledger_file(tmp_path, "households", *rows, headers={"d": "方言"})
    read = read_households(path, VILLAGES, PACK, on=ON)
    assert [one.more for one in read.records] == [["dialect:客家话"], ["dialect:土家语"], []]
    assert [one.reason for one in read.report.findings] == [MORE_UNKNOWN]
    assert more_columns(PACK, [one.more for one in read.records]) == {"dialect": [1, 2, 0]}
    unasked = read_households(path, VILLAGES, standard(), on=ON)
    assert [one.text for one in unasked.unknown_headers] == ["方言"]
    assert more_columns(standard(), [one.more for one in unasked.records]) == {}


def test_volunteers_have_headers_of_their_own(tmp_path):
    row = volunteer_row(2, d="土家语 客家")
    path = ledger_file(tmp_path, "volunteers", row, headers={"d": "会说方言"})
    (one,) = read_volunteers(path, VILLAGES, PACK, on=ON).records
    assert one.more == ["dialect:土家语", "dialect:客家话"]
