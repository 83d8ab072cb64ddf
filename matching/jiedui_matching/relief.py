"""What would help: one place more, a pair that a rule forbids today, somebody new. All from one plan."""

from dataclasses import dataclass

import numpy as np

from jiedui_matching.engine.cycles import shorten_some
from jiedui_matching.engine.margins import ways_to_new_place
from jiedui_matching.plan_state import PlanState
from jiedui_matching.problem import LIMIT, Ints, refuse
from jiedui_matching.repair import LivePlan
from jiedui_matching.solution import arcs_between


@dataclass(frozen=True, eq=False)
class SmallestChanges:
    """For each slot: who, with one place more, would cover it at least cost; -1: nobody, or none is lacking.

    `cost` is by how much the plan's cost would rise, and `moved` how many other slots would change
    their helper; all of them keep as many helpers as they have, and no other place is used.
    """

    volunteer: Ints
    cost: Ints
    moved: Ints


@dataclass(frozen=True, eq=False)
class Newcomers:
    """For each newcomer: by how much the plan's weight would fall with her first place.

    `slot` is whom she would help, -1 if she would not be needed; `gains` the slot that would have a
    helper more in the end, maybe after others moved, -1 if only cost is saved. `cost` is by how
    much the plan's cost would rise.
    """

    value: Ints
    slot: Ints
    gains: Ints
    cost: Ints


def smallest_changes(plan: LivePlan) -> SmallestChanges:
    """For every slot that lacks a helper the one more place that would give it one; exact."""
    now = plan.now
    network, number = now.now(), now.volunteer_number
    load = np.full(len(network.price), LIMIT)
    full = (network.taken == network.places)[number] & (now.capacity >= now.held)
    load[number[full]] = now.next_load()[full]
    ways = ways_to_new_place(network, now.columns_now(), load)

    volunteer = np.full(now.slots, -1)
    cost, moved = np.zeros(now.slots, dtype=np.int64), np.zeros(now.slots, dtype=np.int64)
    lacking = np.flatnonzero((network.lacking > 0) & (ways.slot < LIMIT))
    slots = now.slots_in_problem(lacking)
    cost[slots] = (ways.slot + network.slot_price)[lacking]
    volunteer_at = np.argsort(number)
    while len(slots):
        j = network.volunteer[ways.slot_link[lacking]]
        place = ways.link[j]
        volunteer[slots] = volunteer_at[j]
        on = place >= 0
        slots, lacking = slots[on], network.holder[place[on]]
        moved[slots] += 1
    return SmallestChanges(volunteer, cost, moved)


def value_of_arcs(plan: LivePlan, slot: Ints, volunteer: Ints, cost: Ints) -> Ints:
    """By how much the plan's weight would fall if these two could be paired at this cost, each pair for
    itself; exact.

    Raises ValueError if they can be paired already, or if there is no such slot or volunteer.
    """
    now, problem = plan.now, plan.problem
    for name, ends, count in (("slot", slot, problem.slots), ("volunteer", volunteer, problem.volunteers)):
        refuse(name, ends, (ends < 0) | (ends >= count), f"there are {count} {name}s")
    refuse("cost", cost, cost < 0, "it cannot be negative")
    refuse("slot", slot, arcs_between(problem, slot, volunteer) >= 0, "these two can be paired already")
    network, (to_sink, from_sink) = now.now(), now.ways()
    i, j = now.slot_number[slot], now.volunteer_number[volunteer]
    # Whoever has fewer arcs than room has a place for one arc more.
    spare = (now.capacity - now.held > now.arcs_of_volunteer)[volunteer]
    her_place = np.where(spare, now.next_load()[volunteer] - network.price[j], LIMIT)
    to = np.minimum(to_sink.volunteer[j], her_place)
    gain = network.slot_price[i] - cost - network.price[j]
    may = to < LIMIT
    length = np.minimum(to[may] + from_sink.slot[i[may]], gain[may])
    shorten_some(network, to_sink, from_sink, now.scratch, now.slots + j[may], i[may], length)
    value = np.zeros(len(slot), dtype=np.int64)
    value[may] = gain[may] - length
    return value


def value_of_newcomers(plan: LivePlan, newcomer: Ints, slot: Ints, cost: Ints) -> Newcomers:
    """What each newcomer is worth who could help these slots at these costs, her load counted in; exact.

    Newcomers are numbered from 0 and come in any order. Raises ValueError for a slot there is not.
    """
    refuse("slot", slot, (slot < 0) | (slot >= plan.now.slots), f"there are {plan.now.slots} slots")
    saved = plan.margins().one_less[slot] - cost
    order = np.lexsort((-saved, newcomer))
    who, first = np.unique(newcomer[order], return_index=True)
    best = order[first]
    useful = saved[best] > 0
    who, best = who[useful], best[useful]

    count = int(newcomer.max(initial=-1)) + 1
    value, rise = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    helps, gains = np.full(count, -1), np.full(count, -1)
    value[who], helps[who] = saved[best], slot[best]
    gains[who] = _covered_in_the_end(plan.now, slot[best])
    tier = np.append(plan.now.tier[: plan.now.slots], 0)
    rise[who] = plan.now.tier_weight * tier[gains[who]] - value[who]
    return Newcomers(value, helps, gains, rise)


def _covered_in_the_end(now: PlanState, slots: Ints) -> Ints:
    """Which slot that lacks a helper gains one if these are relieved of one, -1: none."""
    network, from_sink = now.now(), now.ways()[1]
    covered, at, asking = np.full(len(slots), -1), now.slot_number[slots], np.arange(len(slots))
    while len(asking):
        place = from_sink.slot_link[at]
        covered[asking[place < 0]] = at[place < 0]
        asking, place = asking[place >= 0], place[place >= 0]
        leaving = ~network.volunteer[network.holder_arc[place]]
        on = from_sink.link[leaving] >= 0
        asking, at = asking[on], from_sink.link_slot[leaving[on]]
    return now.slots_in_problem(covered)
