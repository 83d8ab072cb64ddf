"""What it would take to pair two who are not paired: everybody else moves as is best, the plan stays."""

from collections.abc import Sequence
from dataclasses import dataclass

from jiedui_matching.engine.cycles import cycle
from jiedui_matching.plan_state import PlanState


@dataclass(frozen=True)
class Forced:
    """By how much the plan's weight and its cost would rise if these two were paired, and who moves.

    `loses` is the slot that would then have a helper less and `gains` one that would have a helper
    more, -1: none. `moved` lists everybody whose helper changes, this slot first, as (slot, volunteer
    until now, volunteer then), where -1 is nobody.
    """

    weight: int
    cost: int
    loses: int
    gains: int
    moved: Sequence[tuple[int, int, int]]


def forced(now: PlanState, slot: int, volunteer: int) -> Forced:
    """Raises ValueError if they can never be paired, because of a ban, pins or for want of an arc."""
    a = now.arc(slot, volunteer)
    if now.pinned[now.given[a]]:
        return Forced(0, 0, -1, -1, ())
    now.check_free_for_each_other(slot, volunteer)
    if now.network.volunteer[a] < 0:
        return Forced(0, 0, -1, -1, ())
    i, j, network = now.slot_at(slot), now.volunteer_at(volunteer), now.now()
    to_sink, from_sink = now.ways()
    length, size = cycle(network, to_sink, from_sink, now.scratch, now.trail, now.slots + j, i)
    moved = _moves(now, size, a)
    loses = next((slot for slot, _, then in moved if then < 0), -1)
    gains = next((slot for slot, until, _ in moved if until < 0), -1)
    weight = int(length + network.cost[a] + network.price[j] - network.slot_price[i])
    tiers = (int(now.tier[gains]) if gains >= 0 else 0) - (int(now.tier[loses]) if loses >= 0 else 0)
    return Forced(weight, weight + now.tier_weight * tiers, loses, gains, moved)


def _moves(now: PlanState, size: int, a: int) -> list[tuple[int, int, int]]:
    """Who changes from which volunteer to which on the trail, which arc `a` closes to a cycle."""
    nodes = now.trail.nodes[:size].tolist()
    ends = [now.ends(arc) if arc >= 0 else (-1, -1) for arc in [*now.trail.arcs[1:size].tolist(), a]]
    moves = [
        (max(before[0], after[0]), before[1], after[1])
        for node, before, after in zip(nodes[1:], ends, ends[1:], strict=False)
        if node < now.slots
    ]
    return moves[-1:] + moves[:-1]
