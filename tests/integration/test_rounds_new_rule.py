"""A rule about something no rule asked before: from a ledger's column to the reason a card gives.

The pack and the rule are this test's; who wants them writes the same into the pack, traits.py and rules.py.
"""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from factories import COUNTY, NOW, TODAY, a_coordinator, a_region_tree
from ledger_files import household_row, ledger_file, volunteer_row

from jiedui.households.tables import Household
from jiedui.jobs.service import run_one
from jiedui.ledgers.person import MORE_UNKNOWN
from jiedui.ledgers.service import ImportResult, import_file
from jiedui.plans import words
from jiedui.policies.tables import PolicyPack
from jiedui.rounds.runs import run_plan
from jiedui.rounds.service import open_round, queue_plan
from jiedui.rounds.tables import Candidate, LeftOut
from jiedui.volunteers.tables import Volunteer
from jiedui.wiring import LEDGERS
from jiedui_pairing import rules, traits
from jiedui_pairing.policy import MoreTrait, standard

DIALECT = MoreTrait("dialect", [["客家话", "客家"], ["土家语"]], households=["方言"], volunteers=["会说方言"])
PACK = msgspec.structs.replace(standard(), name="dialects", more=[DIALECT])


@pytest.fixture
async def rule(monkeypatch, clean_db):
    """The rule among the others, and the policy that asks for it in force."""
    monkeypatch.setitem(traits.HOUSEHOLD, "speaks", traits.more_of_households("dialect"))
    monkeypatch.setitem(traits.VOLUNTEER, "dialects", traits.more_of_volunteers("dialect"))
    rule = rules.Rule(
        "dialect",
        reads=("speaks", "dialects"),
        refuses="This volunteer does not speak the dialect of this family.",
        counts="{n} do not speak its dialect",
        allows=lambda seen: traits.meets(seen.speaks, seen.dialects),
    )
    monkeypatch.setattr(rules, "RULES", (*rules.RULES, rule))
    monkeypatch.setitem(words._RULES, rule.name, rule)
    monkeypatch.setattr("jiedui.regions.villages.in_force", lambda: PACK)
    await a_region_tree()
    body = json.dumps(msgspec.to_builtins(PACK), ensure_ascii=False)
    await PolicyPack(name=PACK.name, version=PACK.version, body=body, created_at=NOW).save()


async def bring(folder, kind: str, row: dict[str, str], header: str) -> ImportResult:
    file = ledger_file(folder, kind, row, headers={"d": header})
    return await import_file(a_coordinator(), LEDGERS[kind], file, dry_run=False, now=NOW)


@pytest.mark.usefixtures("rule")
@pytest.mark.parametrize(
    ("asked", "spoken", "helped"),
    [("客家", "土家语", False), ("客家", "土家语、客家话", True), ("客家", "", False), ("", "", True),
     ("官话", "官话", False)],
)  # fmt: skip
async def test_a_family_is_helped_by_who_speaks_its_dialect(tmp_path, asked, spoken, helped):
    result = await bring(tmp_path, "households", household_row(1, d=asked, children=""), "方言")
    unread = [(one.reason, one.cell) for one in result.report.findings]
    assert unread == ([(MORE_UNKNOWN, "台账!J2")] if asked == "官话" else [])
    await bring(tmp_path, "volunteers", volunteer_row(2, d=spoken), "会说方言")
    await Volunteer.update({Volunteer.identified: True}).where(Volunteer.name == "测试乙")
    now = datetime.now(UTC)
    round_id = await open_round(a_coordinator(), COUNTY, TODAY, PACK.name, NOW)
    plan_id = await queue_plan(a_coordinator(), round_id, now)
    assert await run_one({"round.run": run_plan}, "w", now)
    assert bool(await Candidate.count().where(Candidate.plan == plan_id)) is helped
    if not helped:
        row = await LeftOut.select().where(LeftOut.plan == plan_id).first()
        said = words.why_left_out(json.loads(row["reasons"]), "en")
        assert said == "1 volunteers offer it: 1 do not speak its dialect."


@pytest.mark.usefixtures("rule")
async def test_a_later_ledger_without_the_column_leaves_what_is_known(tmp_path):
    async def kept(**columns: str) -> list[str]:
        await bring(tmp_path, "households", household_row(1, **columns), "方言")
        (row,) = await Household.select(Household.more)
        return list(row["more"])

    assert await kept(d="客家") == ["dialect:客家话"]
    assert await kept(phone="19902300999") == ["dialect:客家话"]
    assert await kept(d="") == []
