"""Publishing: a plan becomes proposals, all or none, once."""

import json
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg

from jiedui.actor import Actor
from jiedui.clock import today
from jiedui.errors import Conflict, NotFound, Refused
from jiedui.i18n import N_
from jiedui.notices.service import notify_volunteers
from jiedui.pairs.tables import Pair
from jiedui.policies.service import pack_named
from jiedui.rounds.pins import pins_against
from jiedui.rounds.service import note, round_of
from jiedui.rounds.tables import Plan, Round
from jiedui.store import bulk
from jiedui.store.columns import Row
from jiedui.store.scope import scope

_OUT_OF_DATE = N_(
    "Since this plan was made, people or pairs in it have changed. Nothing was published: "
    "run the round again, then publish."
)
_MOST_NAMED = 20
_UNSAFE = """
SELECT c.id, v.number FROM candidate c JOIN volunteer v ON v.id = c.volunteer
JOIN household h ON h.id = c.household
WHERE cardinality(may_not_meet(v, h, {}, {})) > 0 AND c.plan = {} ORDER BY v.number
"""
_AGAINST_PINS = N_(
    "This plan goes against pins or bans that are newer than it. Nothing was published: "
    "calculate again, then publish."
)


async def publish_round(actor: Actor, round_id: UUID, plan_id: UUID, now: datetime) -> int:
    """Turn a plan into proposals, all or none, once: says how many.

    Raises Conflict for the second and for a plan that something newer speaks against, Refused for a plan
    without a pair or without a proof.
    """
    try:
        async with scope(actor, now):
            round_row = await round_of(actor, round_id, deed="publish")
            taken = await Round.update(
                {
                    Round.state: "published",
                    Round.published_plan_id: plan_id,
                    Round.published_at: now,
                    Round.published_by: actor.account_id,
                }
            ).where(Round.id == round_id, Round.state == "draft").returning(Round.id)  # fmt: skip
            if not taken:
                raise Conflict(N_("This round has been published already, by you or a colleague."))
            await _refuse_unproven(round_id, plan_id)
            await _refuse_stale(plan_id)
            await _refuse_unsafe(round_row, plan_id, today(now))
            if await pins_against(plan_id):
                raise Conflict(_AGAINST_PINS)
            pairs = await _propose(round_row, plan_id, now)
            if not pairs:
                raise Refused(N_("This plan holds no pair, so there is nothing to publish."))
            await bulk.analyze(Pair)
            await note(actor, "round.publish", round_id, round_row["region_code"], now, pairs=len(pairs))
    except (asyncpg.CheckViolationError, asyncpg.UniqueViolationError) as error:
        raise Conflict(_OUT_OF_DATE) from error
    return len(pairs)


async def _refuse_unproven(round_id: UUID, plan_id: UUID) -> None:
    """The plan must be of this round, finished, and certified independently of the solver that made it."""
    query = Plan.select(Plan.state, Plan.status, Plan.figures).where(
        Plan.id == plan_id, Plan.round == round_id
    )
    plan = await query.first()
    if plan is None:
        raise NotFound
    if plan["state"] != "ready":
        raise Conflict(N_("This plan is not finished, so it cannot be published."))
    checks = [stage["checks"] for stage in json.loads(plan["figures"]).get("stages", [])]
    if plan["status"] != "optimal" or not checks or not all(all(each.values()) for each in checks):
        raise Refused(N_("This plan is not proven to be the best, so it cannot be published. Run it again."))


async def _refuse_stale(plan_id: UUID) -> None:
    """Everyone in the plan must still be free and willing, and of the round's area."""
    changed = await Round.raw(
        """
        SELECT count(*) AS n FROM candidate c JOIN plan ON plan.id = c.plan
        JOIN household h ON h.id = c.household JOIN volunteer v ON v.id = c.volunteer
        WHERE c.plan = {} AND (
            NOT h.active OR v.state <> 'active' OR v.paused
            OR NOT lies_in(h.region_code, plan.region_code) OR NOT lies_in(v.region_code, plan.region_code)
            OR EXISTS (SELECT FROM live_pair p
                       WHERE p.household = c.household AND p.proposed_at >= plan.created_at)
        )
        """,
        plan_id,
    )
    if changed[0]["n"]:
        raise Conflict(_OUT_OF_DATE)


async def _refuse_unsafe(round_row: Row, plan_id: UUID, day: date) -> None:
    """Whoever may not meet on the day of publication is named, whatever day the round was dated."""
    unsafe = await Round.raw(_UNSAFE, day, round_row["policy_name"], plan_id)
    if unsafe:
        raise Conflict(
            N_(
                "{n} pairs of this plan may not meet today ({names}): a record check has run out, or "
                "something else has changed. Nothing was published: calculate again for today, then publish."
            ),
            n=len(unsafe),
            names="、".join(dict.fromkeys(row["number"] for row in unsafe[:_MOST_NAMED])),
        )


async def _propose(round_row: Row, plan_id: UUID, now: datetime) -> list[Row]:
    pack = await pack_named(round_row["policy_name"], round_row["policy_version"])
    deadline = now + timedelta(days=pack.consent.volunteer_answer_days)
    pairs: list[Row] = await Round.raw(
        """
        INSERT INTO pair (id, "round", household, volunteer, region_code, needs, distance_m, stage,
            policy_name, policy_version, state, proposed_at, volunteer_deadline)
        SELECT gen_random_uuid(), {}, c.household, c.volunteer, h.region_code, c.needs_met, c.distance_m,
            c.stage, {}, {}, 'proposed', {}, {}
        FROM candidate c JOIN household h ON h.id = c.household WHERE c.plan = {} ORDER BY c.volunteer
        RETURNING id, volunteer
        """,
        round_row["id"], pack.name, pack.version, now, deadline, plan_id,
    )  # fmt: skip
    volunteers = {pair["volunteer"] for pair in pairs}
    await notify_volunteers("volunteer.proposal", volunteers, key=f"proposal:{round_row['id']}", now=now)
    return pairs
