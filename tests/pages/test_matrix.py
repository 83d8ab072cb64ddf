"""Every service function and every page, as every role in every place: nobody gets at what is not hers.

Outside, an answer is what it would be if there were no such thing. A function or a page that is not
listed here, or whose arguments nobody can fill, fails.
"""

import inspect
import os
import re
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from factories import COUNTY, NOW, TODAY, VILLAGE
from litestar import Litestar
from matrix import Person, World, a_world, everybody, services
from redis.asyncio import Redis

from jiedui.accounts.limits import Limits
from jiedui.accounts.sessions import Sessions
from jiedui.actor import Actor
from jiedui.errors import DomainError
from jiedui.ledgers.ledger import subjects
from jiedui.ledgers.report import Reading, Report
from jiedui.plans.questions import Change
from jiedui.regions.reading import RegionRecord
from jiedui.settings import load
from jiedui.store.piccolo_conf import DB
from jiedui.web.forgery import sign
from jiedui.wiring import LEDGERS
from jiedui_pairing.policy import standard

PUBLIC = {
    "a telephone, a passphrase, a link: who it is is what they find out": """
        accounts.codes.redeem_code accounts.codes.request_code accounts.passwords.hash_passphrase
        accounts.passwords.matches accounts.service.actor_of accounts.service.log_in_staff
        accounts.service.log_in_volunteer accounts.service.request_login_code
        accounts.staff.staff_login_exists
        accounts.grants.granted_to pairs.answers.household_accepts pairs.answers.household_asks_another
        pairs.answers.household_raises_concern pairs.links.check_link pairs.links.open_link
        pairs.links.opened_before pairs.links.use_link volunteers.enrolment.check_draft
        volunteers.enrolment.enrol
        """,
    "what places are called and what the policies say anybody may know": """
        policies.service.pack_named ledgers.service.already_applied policies.service.store_packs
        regions.choosing.choices
        regions.choosing.choices_for regions.service.children regions.service.find_villages
        regions.service.path_name regions.service.path_names regions.service.region_name
        regions.service.region_names regions.service.townships regions.service.village
        regions.service.villages
        plans.views.pack_of rounds.explanation.townships_in rounds.views.policies
        volunteers.enrolment.next_number regions.villages.villages_around
        regions.villages.nothing_to_find
        """,
    "a worker's own, for whoever asked": """
        followups.service.ensure_due jobs.service.enqueue jobs.service.latest_job jobs.service.run_one
        jobs.threads.in_thread notices.service.deliver_due notices.service.notify_volunteers
        pairs.proposals.expire_overdue pairs.safety.announce pairs.safety.watch plans.what_if.run_what_if
        rounds.problem.load rounds.runs.run_plan
        """,
    "a step inside a deed whose service has asked": """
        accounts.grants.end_all_of
        audit.service.record consents.service.give consents.service.withdraw pairs.concerns.write_concern
        pairs.disclosure.helper_of pairs.disclosure.families volunteers.register.told
        volunteers.alike.alike volunteers.alike.barred
        volunteers.rows.facts_in volunteers.service.audit volunteers.service.lock_all
        volunteers.service.locked volunteers.service.move volunteers.service.recount volunteers.stating.by
        volunteers.stating.checks_of volunteers.stating.standing_against
        households.rows.facts_in ledgers.saving.compare ledgers.saving.note_changed ledgers.saving.note_new
        ledgers.saving.one_import_at_a_time ledgers.saving.tell
        accounts.reveals.reveal accounts.searches.search notices.lists.with_households jobs.asked.ask
        jobs.asked.ask_again jobs.asked.answered jobs.asked.refused jobs.asked.give_up_lost
        households.numbers.next_numbers ledgers.claims.keep regions.moves.move_to pairs.life.end
        pairs.notifying.ask_household
        pairs.notifying.end_asking
        pairs.notifying.tell_volunteer pairs.safety.against pairs.safety.against_each pairs.safety.has_minor
        pairs.safety.hold_day pairs.safety.require_may_meet pairs.transitions.locked
        pairs.transitions.never_again pairs.transitions.note pairs.transitions.take rounds.pins.pins_against
        rounds.pins.refuse_strangers rounds.service.note volunteers.service.held_by
        """,
}
UNASKED = {name for names in PUBLIC.values() for name in names.split()}

DESK, VETS, PROTECTS, DECIDES = ("desk",), ("desk", "vets"), ("desk", "protects"), ("desk", "between")
# who may, about rows of which area ("" for a list of her own area), and whether the county can show it
ASKED: dict[tuple[tuple[str, ...], str], str] = {
    (("county",), COUNTY): "accounts.grants.end accounts.grants.give",
    (("county",), ""): "accounts.grants.colleagues_above accounts.grants.given_by",
    (("audits",), ""): "audit.lists.entries_of audit.lists.kinds_of",
    ((*VETS, "helps", "shown"), VILLAGE): "consents.service.given volunteers.register.one_volunteer",
    (("reads",), ""): "desks.figures.figures_of",
    (("administers",), ""): "accounts.staff.staff_of",
    (("administers",), VILLAGE): """
        accounts.staff.add_staff accounts.staff.change_passphrase accounts.staff.close_staff
        accounts.staff.one_of_staff accounts.staff.open_staff
        regions.service.save_regions regions.service.forecast_regions
        """,
    (DESK, ""): """
        households.service.forecast_records households.service.save_records volunteers.intake.forecast_records
        volunteers.intake.save_records ledgers.service.forecast ledgers.service.header_words
        ledgers.service.import_file ledgers.service.read_file ledgers.service.remember_header
        ledgers.service.take ledgers.uploads.receive ledgers.uploads.recent_uploads
        desks.service.waiting followups.service.overdue_by_township followups.service.overdue_items
        households.lists.find_person households.lists.households_of households.lists.export_households
        households.lists.townships_of notices.console.entries notices.console.state_counts
        notices.lists.counts
        notices.lists.waiting notices.openings.open_list notices.lists.on_list notices.service.mark_printed
        pairs.register.list_pairs rounds.views.areas_of rounds.views.rounds_of
        """,
    (("helps",), ""): "followups.service.due_of pairs.disclosure.pairs_of pairs.disclosure.proposals_of",
    (("desk", "helps"), VILLAGE): "followups.service.log_visit followups.service.visits_of",
    (("helps",), VILLAGE): """
        pairs.disclosure.family_of pairs.disclosure.show_phone pairs.proposals.accept_proposal
        pairs.proposals.decline_proposal
        """,
    (("desk", "shown"), VILLAGE): "households.file.history_of households.file.household_file",
    (DESK, VILLAGE): """
        households.file.open_card notices.openings.open_letters notices.service.mark_arrived
        notices.service.mark_called
        notices.service.mark_passed_on notices.service.release_held pairs.answers.ask_again
        pairs.answers.record_household_answer pairs.hand_over.check_may_take_over pairs.hand_over.hand_over
        pairs.hand_over.who_could_take_over pairs.life.close pairs.life.resume pairs.register.takers
        volunteers.service.change_capacity
        """,
    (("desk", "administers"), COUNTY): """
        jobs.service.ask_to_stop jobs.service.job_about jobs.service.job_of
        """,
    (DECIDES, ""): "ledgers.claims.claims_of ledgers.claims.waiting",
    (DESK, COUNTY + " "): "ledgers.claims.decide",
    (DECIDES, VILLAGE): """
        households.service.household_cards households.service.move_household
        volunteers.service.volunteer_cards volunteers.service.move_volunteer
        """,
    (PROTECTS, ""): "pairs.concerns.count_open_concerns pairs.concerns.list_concerns",
    (PROTECTS, VILLAGE): "pairs.concerns.handle_concern pairs.life.pause",
    ((*PROTECTS, "helps"), VILLAGE): "pairs.concerns.raise_concern",
    ((*PROTECTS, "shown"), VILLAGE): "pairs.register.whole_pair pairs.transitions.pair_of",
    (("desk", "administers"), ""): "regions.lists.regions_of regions.lists.tree_of",
    (VETS, ""): """
        volunteers.confirming.stated_checks volunteers.confirming.stated_ledgers
        volunteers.finding.find_volunteers volunteers.register.list_volunteers volunteers.register.states_of
        """,
    (("county", "vets"), ""): "volunteers.confirming.confirm_all",
    (("county", "vets"), VILLAGE): "volunteers.confirming.confirm volunteers.confirming.refuse",
    (VETS, VILLAGE): """
        volunteers.register.resembling volunteers.service.approve volunteers.service.record_check
        volunteers.service.refuse
        volunteers.service.reinstate volunteers.finding.open_card volunteers.service.suspend
        """,
    (("desk", "helps"), VILLAGE + " "): """
        volunteers.service.change_offer volunteers.service.leave volunteers.service.set_paused
        """,
    (DESK, COUNTY): """
        ledgers.uploads.apply ledgers.uploads.discard ledgers.uploads.explain_headers
        ledgers.uploads.read_again ledgers.uploads.upload_of
        plans.comparison.helped_only_in plans.comparison.only_in plans.document.plan_document
        plans.lists.best_newcomers plans.lists.between plans.lists.left_out_of plans.lists.newcomers_of
        plans.lists.pair_at plans.lists.pairs_of plans.lists.export_left_out
        plans.lists.export_newcomers
        plans.lists.export_pairs plans.lists.townships_of plans.plan_map.plan_map
        plans.plan_map.recruitment_map plans.plan_map.townships_summary plans.plan_map.village_on_map
        plans.questions.ask plans.people.families plans.people.helpers plans.questions.question_at
        plans.questions.questions_of plans.views.plan_summary plans.views.refused_pins rounds.pins.pin
        rounds.pins.pins_of rounds.pins.unpin rounds.publication.publish_round rounds.service.cancel_round
        rounds.service.draft_of rounds.service.newest_plan rounds.service.open_round
        rounds.service.plan_in_work rounds.service.plan_of
        rounds.service.plan_to_show rounds.service.queue_plan rounds.service.refuse_empty_area
        rounds.service.round_of rounds.views.counts_of rounds.views.plan_at rounds.views.plans_of
        rounds.views.round_page
        """,
    (("reads", "desk", "vets", "protects", "audits", "helps"), ""): "accounts.grants.shown_to",
}
EXPECTED = {name: (who, area.strip()) for (who, area), names in ASKED.items() for name in names.split()}

FREE = {
    door.replace(":", " ", 1)
    for door in [
        "GET:/",
        "GET:/livez",
        "GET:/readyz",
        "POST:/language",
        "GET:/static/{file_path}",
        "GET:/login",
        "POST:/login",
        "GET:/login/volunteer",
        "POST:/login/volunteer",
        "GET:/login/volunteer/code",
        "POST:/login/volunteer/code",
        "POST:/logout",
        "GET:/join",
        "POST:/join",
        "GET:/join/code",
        "POST:/join/again",
        "POST:/join/confirm",
        "GET:/h/{token}",
        "POST:/h/{token}",
        "POST:/h/{token}/answer",
        "GET:/h/{token}/answered",
        "GET:/regions/suggest",
    ]
}
"""Open to everybody: they find out who it is, or tell nothing of anybody."""
_OPENED: dict[tuple[tuple[str, ...], str], str] = {
    (("county",), ""): "GET:/grants",
    (("county",), VILLAGE): "POST:/grants",
    (("county",), COUNTY): "POST:/grants/{grant_id}/end",
    (("audits",), ""): "GET:/audit",
    (("reads",), ""): "GET:/figures",
    (("helps",), ""): """
        GET:/me GET:/me/families GET:/me/profile GET:/me/profile/offer POST:/me/profile/offer
        POST:/me/profile/{deed}
        """,
    (("helps",), VILLAGE): """
        GET:/me/pairs/{pair_id} GET:/me/pairs/{pair_id}/log POST:/me/pairs/{pair_id}/log
        POST:/me/pairs/{pair_id}/phone POST:/me/pairs/{pair_id}/concern GET:/me/proposals/{pair_id}
        POST:/me/proposals/{pair_id}/accept POST:/me/proposals/{pair_id}/decline
        """,
    (DESK, ""): """
        GET:/desk GET:/followups GET:/households GET:/households/find POST:/households/find
        GET:/households.csv
        GET:/households.xlsx GET:/notices GET:/notices/calls POST:/notices/calls GET:/notices/villages
        POST:/notices/villages GET:/notices/letters POST:/notices/letters/printed GET:/pairs GET:/rounds
        GET:/rounds/new POST:/rounds/new GET:/rounds/preview GET:/households/import POST:/households/import
        GET:/households/import/template.xlsx GET:/volunteers/import POST:/volunteers/import
        GET:/volunteers/import/template.xlsx
        """,
    (("administers",), ""): """
        GET:/regions/import POST:/regions/import GET:/regions/import/template.csv
        """,
    (("administers",), COUNTY): """
        GET:/regions/import/{import_id} GET:/regions/import/{import_id}/findings.xlsx
        GET:/regions/import/{import_id}/findings.csv POST:/regions/import/{import_id}/again
        POST:/regions/import/{import_id}/apply POST:/regions/import/{import_id}/discard
        """,
    (("desk", "administers"), ""): "GET:/regions",
    (("desk", "administers"), COUNTY): "GET:/jobs/{job_id}/progress POST:/jobs/{job_id}/stop",
    (("desk", "shown"), VILLAGE): "GET:/households/{household_id}",
    (DESK, VILLAGE): """
        POST:/households/{household_id}/reveal GET:/notices/letters.pdf POST:/notices/{notice_id}/called
        POST:/notices/{notice_id}/passed-on POST:/notices/{notice_id}/release
        POST:/notices/{notice_id}/arrived POST:/pairs/{pair_id}/answer POST:/pairs/{pair_id}/ask-again
        POST:/pairs/{pair_id}/resume POST:/pairs/{pair_id}/close GET:/pairs/{pair_id}/hand-over
        POST:/pairs/{pair_id}/hand-over POST:/volunteers/{volunteer_id}/capacity
        """,
    (DECIDES, ""): "GET:/claims",
    (DESK, COUNTY + " "): "POST:/claims/{claim_id}/{decision}",
    (PROTECTS, ""): "GET:/concerns",
    (PROTECTS, VILLAGE): """
        POST:/concerns/{concern_id}/handle POST:/pairs/{pair_id}/pause POST:/pairs/{pair_id}/concern
        """,
    ((*PROTECTS, "shown"), VILLAGE): "GET:/pairs/{pair_id}",
    (VETS, ""): "GET:/volunteers GET:/volunteers/find POST:/volunteers/find GET:/volunteers/stated",
    (("county", "vets"), ""): "POST:/volunteers/stated/list/{ledger}/confirm",
    (("county", "vets"), VILLAGE): "POST:/volunteers/stated/{check_id}/{deed}",
    ((), ""): """
        GET:/households/import/template.csv GET:/volunteers/import/template.csv
        GET:/regions/import/template.xlsx
        """,
    ((*VETS, "shown"), VILLAGE): "GET:/volunteers/{volunteer_id}",
    (VETS, VILLAGE): """
        POST:/volunteers/{volunteer_id}/checks POST:/volunteers/{volunteer_id}/reveal
        POST:/volunteers/{volunteer_id}/{deed}
        """,
    (DESK, COUNTY): """
        GET:/rounds/{round_id} POST:/rounds POST:/rounds/{round_id}/calculate
        POST:/rounds/{round_id}/put-aside
        POST:/rounds/{round_id}/pins POST:/rounds/{round_id}/pins/{pin_id}/take-back
        GET:/rounds/{round_id}/compare
        GET:PLAN GET:PLAN/left-out GET:PLAN/recruit POST:PLAN/publish GET:PLAN/recruit.json GET:PLAN/map
        GET:PLAN/map.json GET:PLAN/pair/{candidate_id} GET:PLAN/village/{code}
        GET:PLAN/between/{home}/{helper} GET:PLAN/pairs.csv GET:PLAN/pairs.xlsx GET:PLAN/left-out.csv
        GET:PLAN/left-out.xlsx GET:PLAN/recruit.csv GET:PLAN/recruit.xlsx GET:PLAN/what-if
        POST:PLAN/what-if GET:PLAN/what-if/{question_id}
        GET:LEDGER GET:LEDGER/findings.xlsx GET:LEDGER/findings.csv POST:LEDGER/again POST:LEDGER/apply
        POST:LEDGER/discard POST:LEDGER/headers
        """,
}
PAGES = {
    door.replace(":", " ", 1)
    .replace("PLAN", "/rounds/{round_id}/plans/{number}")
    .replace("LEDGER", f"/{kind}/import/{{import_id}}"): (who, area.strip())
    for (who, area), doors in _OPENED.items()
    for door in doors.split()
    for kind in ("households", "volunteers")
}
WAYS = {
    ("", "pair_id"): "pair:active", ("", "number"): "1", ("", "code"): VILLAGE, ("", "home"): VILLAGE,
    ("", "helper"): VILLAGE, ("", "ledger"): "earlier",
    ("POST /volunteers/stated/{check_id}/{deed}", "deed"): "confirm",
    ("", "decision"): "duplicate", ("", "deed"): "suspend", ("POST /me/profile/{deed}", "deed"): "pause",
    ("GET /me/proposals/{pair_id}", "pair_id"): "pair:proposed",
    ("POST /me/proposals/{pair_id}/accept", "pair_id"): "pair:proposed",
    ("POST /me/proposals/{pair_id}/decline", "pair_id"): "pair:proposed",
    ("POST /pairs/{pair_id}/answer", "pair_id"): "pair:accepted",
    ("POST /pairs/{pair_id}/ask-again", "pair_id"): "pair:accepted",
    ("POST /pairs/{pair_id}/resume", "pair_id"): "pair:paused",
    ("POST /notices/{notice_id}/called", "notice_id"): "notice:call",
    ("POST /notices/{notice_id}/passed-on", "notice_id"): "notice:village",
    ("POST /notices/{notice_id}/release", "notice_id"): "notice:held",
    ("POST /notices/{notice_id}/arrived", "notice_id"): "notice:held",
    **{(door, "import_id"): f"import:{door.split('/')[1]}" for door in PAGES if "import_id" in door},
}  # fmt: skip
"""Which of the world's things an address names."""
ADDRESSED = {
    "GET /notices/letters.pdf": "?notice={notice:letter}&purpose=tell",
    "GET /rounds/preview": f"?region={VILLAGE}&dated={TODAY}&policy=standard",
    "GET /rounds/{round_id}/plans/{number}/what-if": "?kind=drop&family=独",
}
SENT: dict[str, dict[str, str]] = {
    "POST /grants": {
        "account": "colleague", "kind": "household", "subject": "household_id", "reason": "复核",
    },
    "POST /households/find": {"text": "龚独一"},
    "POST /households/{household_id}/reveal": {"purpose": "contact"},
    "POST /notices/calls": {"purpose": "tell"},
    "POST /notices/villages": {"purpose": "tell"},
    "POST /volunteers/find": {"text": "晏独二"},
    "POST /me/pairs/{pair_id}/log": {"medium": "call", "outcome": "reached", "happened_on": str(TODAY)},
    "POST /me/pairs/{pair_id}/concern": {"text": "不放心"},
    "POST /me/proposals/{pair_id}/decline": {"reason": "too_far"},
    "POST /notices/{notice_id}/called": {"answer": "no_answer"},
    "POST /notices/letters/printed": {"until": NOW.isoformat()},
    "POST /pairs/{pair_id}/answer": {"answer": "accepts", "how": "call"},
    "POST /pairs/{pair_id}/pause": {"pause_reason": "looked_into"},
    "POST /pairs/{pair_id}/close": {"close_reason": "illness"},
    "POST /pairs/{pair_id}/hand-over": {"volunteer": "volunteer_id", "reason": "illness"},
    "POST /pairs/{pair_id}/concern": {"text": "不放心"},
    "POST /concerns/{concern_id}/handle": {"outcome": "去看过了"},
    "POST /volunteers/{volunteer_id}/checks": {
        "kind": "identity", "outcome": "passed", "checked_on": str(TODAY), "paper": "身份证",
    },
    "POST /volunteers/{volunteer_id}/capacity": {"capacity": "9"},
    "POST /volunteers/{volunteer_id}/reveal": {"purpose": "pairing"},
    "POST /volunteers/{volunteer_id}/{deed}": {"reason": "concern"},
    "POST /rounds": {"region": COUNTY, "dated": str(TODAY), "policy": "standard"},
    "POST /rounds/{round_id}/pins": {
        "household": "household_id", "volunteer": "volunteer_id", "kind": "pin",
    },
    "POST /rounds/{round_id}/plans/{number}/what-if": {"kind": "drop", "household": "household_id"},
}  # fmt: skip
_A_REGION = RegionRecord(VILLAGE, "某村", "village", None, None, "", "A1")
PLAIN: dict[str, Any] = {
    "now": NOW, "on": TODAY + timedelta(days=60), "dated": TODAY, "until": NOW, "reason": "x", "days": 7,
    "language": "en",
    "text": "独", "words": "", "known": None, "channel": "call", "what": "call", "count": 1,
    "kind": "identity",
    "passed": True, "checked_on": TODAY, "paper": "", "paused": True, "capacity": 21,
    "offers": ["companionship"],
    "skills": [], "reach_km": None, "times": [], "view": "running", "township": "", "after": "",
    "medium": "call",
    "outcome": "reached", "happened_on": TODAY, "answer": "accepts", "how": "call", "field": "phone",
    "policy_name": "standard", "number": 1, "deed": "read", "newcomers": [], "home": VILLAGE, "code": VILLAGE,
    "login": "somebody-new", "passphrase": "a sentence nobody guesses", "name": "新人", "role": "coordinator",
    "region_code": VILLAGE, "import_id": UUID(int=1), "records": [], "path": Path(__file__),
    "village": VILLAGE, "decision": "duplicate",
    "content": b"x", "header": "某列", "dry_run": True, "meanings": {"某列": "remark"},
}  # fmt: skip
OWN: dict[str, dict[str, Any]] = {
    **{
        f"accounts.staff.{deed}": {"login": "staff"}
        for deed in ("change_passphrase", "close_staff", "one_of_staff", "open_staff")
    },
    "accounts.grants.give": {"kind": "household", "subject_id": "household_id", "account_id": "colleague"},
    "households.file.open_card": {"purpose": "contact"},
    "jobs.service.job_about": {"subject_id": "plan_id"},
    "notices.console.state_counts": {"kind": ""},
    **{
        f"ledgers.uploads.{deed}": {"import_id": "import:households"}
        for deed in ("apply", "discard", "explain_headers", "read_again", "upload_of")
    },
    "ledgers.service.take": {"on": None},
    "notices.openings.open_list": {"purpose": "tell"},
    "notices.openings.open_letters": {"wanted": "notice:letter", "purpose": "tell"},
    "notices.service.mark_arrived": {"notice_id": "notice:held"},
    "notices.service.mark_called": {"notice_id": "notice:call", "answer": "no_answer"},
    "notices.service.mark_passed_on": {"notice_id": "notice:village"},
    "notices.service.release_held": {"notice_id": "notice:held"},
    "pairs.answers.ask_again": {"pair_id": "pair:accepted"},
    "pairs.answers.record_household_answer": {"pair_id": "pair:accepted"},
    "pairs.hand_over.hand_over": {"reason": "illness"},
    "pairs.life.close": {"reason": "illness"},
    "pairs.life.pause": {"reason": "looked_into"},
    "pairs.life.resume": {"pair_id": "pair:paused"},
    "pairs.concerns.handle_concern": {"outcome": "去看过了"},
    "pairs.proposals.accept_proposal": {"pair_id": "pair:proposed"},
    "pairs.proposals.decline_proposal": {"pair_id": "pair:proposed", "reason": "too_far"},
    "volunteers.confirming.confirm_all": {"ledger": "earlier"},
    "volunteers.confirming.stated_checks": {"ledger": "earlier"},
    "regions.service.forecast_regions": {"records": [_A_REGION]},
    "regions.service.save_regions": {"records": [_A_REGION]},
    "rounds.pins.pin": {"kind": "pin", "reason": ""},
    "rounds.service.newest_plan": {"region_code": COUNTY},
    "rounds.service.open_round": {"region_code": COUNTY},
    "rounds.service.refuse_empty_area": {"region_code": COUNTY},
    "rounds.views.counts_of": {"region_code": COUNTY},
}


class Nobody(Exception):
    """An argument that nobody can fill."""


def arguments(name: str, function: Any, world: World, *, real: bool) -> dict[str, Any]:
    """What the function is called with; made up ids instead of the world's where nothing is `real`."""
    known = PLAIN | world.rows | {"settings": load(os.environ), "pack": standard(), "purpose": "pairing"}
    known |= {"ledger": LEDGERS["households"], "reading": Reading([], Report(0, 0, []))}
    known |= {"subjects": subjects(LEDGERS)}
    known |= {"change": Change("drop", household=world.ids["household_id"])}
    given: dict[str, Any] = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        what = OWN.get(name, {}).get(parameter.name, parameter.name)
        what = "pair:active" if what == "pair_id" else what
        if isinstance(what, str) and what in world.ids:
            nobody = uuid4() if isinstance(world.ids[what], UUID) else str(uuid4())
            given[parameter.name] = world.ids[what] if real or what == "colleague" else nobody
        elif parameter.name in ("household_ids", "volunteer_ids"):
            given[parameter.name] = [world.ids[what.removesuffix("s")] if real else uuid4()]
        elif parameter.name in OWN.get(name, {}):
            given[parameter.name] = what
        elif parameter.default is not inspect.Parameter.empty:
            continue
        elif parameter.name == "wanted":
            given["wanted"] = parameter.annotation()
        elif parameter.name in known:
            given[parameter.name] = known[parameter.name]
        else:
            raise Nobody(f"{name}: {parameter.name}")
    if not real and "region_code" in given:
        given["region_code"] = "990000000000"
    return given


async def outcome(function: Any, actor: Actor, given: dict[str, Any]) -> tuple[str, str]:
    """What came of it, in words that do not tell which id was asked for; whatever it changed is undone."""
    async with DB.transaction() as transaction:
        before = await transaction.savepoint()
        try:
            result = await function(actor, **given)
        except DomainError as error:
            said = type(error).__name__, f"{error.msgid} {error.params}"
        else:
            said = "returned", repr(result)
        finally:
            await before.rollback_to()
    words = said[1]
    for name, value in given.items():
        if isinstance(value, UUID) or name == "login" or re.fullmatch("[0-9]{12}", str(value)):
            words = words.replace(str(value), "¤")
    return said[0], words


async def test_every_service_function_asks_whoever_calls_it(db: None, redis: Redis) -> None:
    world = await a_world()
    world.rows["limits"] = Limits(redis, b"only for tests")
    world.rows["sessions"] = Sessions(redis, lambda: NOW)
    people, known = await everybody(world), dict(services())
    listed = EXPECTED.keys() | UNASKED
    assert known.keys() - listed == set(), "say who may use these"
    assert listed - known.keys() == set(), "these are no longer there"
    leaks, checks = [], 0
    for name, (who, area) in sorted(EXPECTED.items()):
        for person in people:
            real = await outcome(known[name], person.actor, arguments(name, known[name], world, real=True))
            checks += 1
            if may(person, who, area):
                if real[0] in ("Forbidden", "NotFound"):
                    leaks.append(f"{name} as {person.name}: refused, {real}")
            else:
                nothing = arguments(name, known[name], world, real=False)
                none = await outcome(known[name], person.actor, nothing)
                checks += 1
                if (
                    real[0] not in ("Forbidden", "NotFound") and real[1] not in ("None", "[]")
                ) or real != none:
                    leaks.append(f"{name} as {person.name}: {real} but of nothing {none}")
            if not knows(person, who, area):
                leaks += [f"{name} as {person.name}: tells {mark}" for mark in world.marks if mark in real[1]]
    print(f"{checks} checks of {len(EXPECTED)} functions as {len(people)} people: {len(leaks)} leaks")
    assert leaks == [], "\n".join(leaks)


async def test_every_page_asks_whoever_opens_it(
    app: Litestar, db: None, visitor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.state, "clock", lambda: NOW)
    world = await a_world()
    people = [one for one in await everybody(world) if one.name != "nobody" and "far above" not in one.name]
    doors = {f"{method} {path}" for method, path in _routes(app)}
    listed = PAGES.keys() | FREE
    assert doors - listed == set(), "say who may open these"
    assert listed - doors == set(), "these are no longer there"
    leaks, checks = [], 0
    for door in sorted(PAGES):
        status, _ = await _visit(visitor, door, world, real=True)
        checks += 1
        if status != 303:
            leaks.append(f"{door} as a stranger: {status} instead of the way to the door")
    async with AsyncExitStack() as stack:
        for person in people:
            hers = await _logged_in(app, person, type(visitor), stack)
            for door, (who, area) in sorted(PAGES.items()):
                real = await _visit(hers, door, world, real=True)
                checks += 1
                if may(person, who, area):
                    if real[0] in (401, 403, 404) or real[0] >= 500:
                        leaks.append(f"{door} as {person.name}: refused, {real[0]}")
                else:
                    none = await _visit(hers, door, world, real=False)
                    checks += 1
                    if real[0] not in (403, 404, 422) or real != none:
                        leaks.append(f"{door} as {person.name}: {real[0]} but of nothing {none[0]}")
                if not knows(person, who, area):
                    told = [mark for mark in world.marks if mark in real[1]]
                    leaks += [f"{door} as {person.name}: tells {mark}" for mark in told]
    print(f"{checks} checks of {len(PAGES)} pages as {len(people) + 1} people: {len(leaks)} leaks")
    assert leaks == [], "\n".join(leaks)


def may(person: Person, who: tuple[str, ...], area: str) -> bool:
    """Whether she may do this: to a row of this area, or at all where there is no row."""
    hats = person.may_be & set(who)
    if not hats or not area:
        return bool(hats)
    if hats - {"helps", "shown"}:
        return person.reaches(area)
    return person.hers or person.shown


def knows(person: Person, who: tuple[str, ...], area: str) -> bool:
    """Whether she may be told of the village's rows here."""
    if not area:
        return person.reaches(VILLAGE) or person.hers
    return may(person, who, area)


def _routes(app: Litestar) -> list[tuple[str, str]]:
    return [
        (method, re.sub(r":\w+}", "}", route.path))
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        for method in handler.http_methods - {"OPTIONS", "HEAD"}
    ]


async def _logged_in(app: Litestar, person: Person, browser: Any, stack: AsyncExitStack) -> Any:
    visitor = await stack.enter_async_context(browser(app))
    session_id = await app.state.sessions.begin(person.actor.account_id, person.actor.role)
    visitor.cookies.set(app.state.cookies.session, session_id, domain="localhost.local")
    visitor.form_token = sign(app.state.settings.secret, "session", session_id)
    return visitor


async def _visit(visitor: Any, door: str, world: World, *, real: bool) -> tuple[int, str]:
    """Status and words of the answer, without the ids that were asked for; what it changed is undone."""

    def named(what: str) -> str:
        return str(world.ids[what] if real or what == "colleague" else uuid4()) if what in world.ids else what

    method, path = door.split()
    asked = {
        name: named(WAYS.get((door, name)) or WAYS.get(("", name)) or name)
        for name in re.findall(r"{(\w+)}", path)
    }
    query = ADDRESSED.get(door, "")
    asked |= {name: named(name) for name in re.findall(r"{([\w:]+)}", query)}
    address = path + query
    for name, value in asked.items():
        address = address.replace(f"{{{name}}}", value)
    fields = {name: named(value) for name, value in SENT.get(door, {}).items()}
    async with DB.transaction() as transaction:
        before = await transaction.savepoint()
        try:
            answer = await (visitor.get(address) if method == "GET" else visitor.submit(address, fields))
        finally:
            await before.rollback_to()
    for cookie in [one for one in visitor.cookies.jar if "flash" in one.name]:
        visitor.cookies.jar.clear(cookie.domain, cookie.path, cookie.name)
    words = answer.content.decode("utf-8", "replace") + answer.headers.get("location", "")
    for value in (*asked.values(), *fields.values()):
        words = words.replace(value, "¤") if len(value) > 2 else words
    return answer.status_code, re.sub(r'(name="_once" value=)"[^"]*"', r"\1", words)
