"""A solved problem whose arrays can grow: the price engine's network beside the problem's own numbers."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from jiedui_matching.engine.columns import Columns, columns_of
from jiedui_matching.engine.cycles import trail_for
from jiedui_matching.engine.forward import scratch_for
from jiedui_matching.engine.margins import Margins, Ways, ways_from_sink, ways_to_sink
from jiedui_matching.engine.network import Network, lay_out
from jiedui_matching.engine.numbering import along_arcs
from jiedui_matching.growth import (
    check_arcs,
    inverse,
    longer,
    with_arcs,
    with_later_arcs,
    with_places,
    with_slots,
)
from jiedui_matching.prices import work_out
from jiedui_matching.problem import LIMIT, Ints, Mask, Problem, dearest_place, room_of, whole_number
from jiedui_matching.solution import Solution


class Pairs(NamedTuple):
    """Who is paired with whom, in the problem's numbers, and what each arc costs."""

    slot: Ints
    volunteer: Ints
    cost: Ints


class PlanState:
    """Fields named as in Problem stand in the problem's numbers, the network's in its own.

    `given[a]` is the arc, among all ever given, that the network knows as a; a slot's number in the
    network is `slot_number[slot]`.
    """

    def __init__(self, problem: Problem, stop: Callable[[], bool], warm: Solution | None = None) -> None:
        """Raises InterruptedError if `stop` said yes before the problem was solved."""
        self._base = problem
        self.network, numbering = lay_out(problem, *along_arcs(problem))
        columns = work_out(problem, self.network, numbering, stop, warm)
        if columns is None:
            raise InterruptedError("the plan was stopped before it was complete")
        self.slots, self.arcs = problem.slots, problem.arcs
        self.given = numbering.arc
        self.slot_number = inverse(numbering.slot)
        self.volunteer_number = inverse(numbering.volunteer)
        self.tier, self.wanted = problem.tier, problem.wanted.copy()
        self.all_wanted = int(problem.wanted.sum())
        self.capacity, self.held = problem.capacity.copy(), problem.held
        self._slot, self._volunteer, self._cost = problem.arc_slot, problem.arc_volunteer, problem.arc_cost
        self.pinned, self.forbidden = problem.pinned.copy(), np.zeros(problem.arcs, dtype=np.bool_)
        self.pins_of_slot = np.bincount(self._slot[self.pinned], minlength=problem.slots)
        self.pins_of_volunteer = problem.pins.copy()
        self.arcs_of_volunteer = np.bincount(self._volunteer, minlength=problem.volunteers)
        # What there ever was: forbidden pairs and places given up may come back.
        self._largest = problem.largest
        self._place_end = self.network.place + self.network.places
        self._places = len(self.network.holder)
        self.columns, self.scratch, self.trail = columns, scratch_for(self.network), trail_for(self.network)
        self._enlarge(self.slots, self.arcs, self._places)
        self._problem: Problem | None = problem
        self._ways: tuple[Ways, Ways] | None = None

    def forget(self) -> None:
        """What was derived from the arrays is derived again: they are about to change."""
        self._problem = self._ways = None

    def twin(self) -> "PlanState":
        """The same once more: what happens to it leaves this one alone.

        Arcs that only ever grow in number are shared until then, all else is copied.
        """
        twin, net = copy(self), self.network
        for name in ("slot_number", "tier"):
            setattr(twin, name, getattr(self, name)[: self.slots])
        for name in ("wanted", "pins_of_slot"):
            setattr(twin, name, getattr(self, name)[: self.slots].copy())
        for name in ("given", "_slot", "_volunteer", "_cost"):
            setattr(twin, name, getattr(self, name)[: self.arcs])
        for name in ("pinned", "forbidden"):
            setattr(twin, name, getattr(self, name)[: self.arcs].copy())
        for name in ("capacity", "pins_of_volunteer", "arcs_of_volunteer", "_place_end"):
            setattr(twin, name, getattr(self, name).copy())
        changing = {
            name: getattr(net, name).copy()
            for name in ("place", "places", "taken", "first_load", "price", "holder", "holder_arc")
        }
        twin.network = net._replace(
            row=net.row[: self.slots + 1],
            cost=net.cost[: self.arcs],
            volunteer=net.volunteer[: self.arcs].copy(),
            weight=net.weight[: self.slots],
            lacking=net.lacking[: self.slots].copy(),
            slot_price=net.slot_price[: self.slots].copy(),
            **changing,
        )
        later = self.arcs - int(self.columns.start[-1])
        twin.columns = self.columns._replace(
            newest=self.columns.newest.copy(),
            older=self.columns.older[:later],
            later_slot=self.columns.later_slot[:later],
        )
        return twin

    def problem(self) -> Problem:
        """The problem as it is now."""
        if self._problem is None:
            self._problem = self._problem_now()
        return self._problem

    def _problem_now(self) -> Problem:
        allowed = ~self.forbidden[: self.arcs]
        return replace(
            self._base,
            tier=self.tier[: self.slots],
            wanted=self.wanted[: self.slots],
            capacity=self.capacity,
            held=self.held,
            arc_slot=self._slot[: self.arcs][allowed],
            arc_volunteer=self._volunteer[: self.arcs][allowed],
            arc_cost=self._cost[: self.arcs][allowed],
            pinned=self.pinned[: self.arcs][allowed],
        )

    def chosen(self) -> Mask:
        """The plan, over the arcs of `problem()`."""
        chosen = self.pinned[: self.arcs].copy()
        taken = np.flatnonzero(self.network.volunteer[: self.arcs] < 0)
        chosen[self.given[taken]] = True
        return chosen[~self.forbidden[: self.arcs]]

    @property
    def tier_weight(self) -> int:
        """What one helper lacking weighs per tier."""
        return self._base.tier_weight

    def pairs(self) -> Pairs:
        """The plan, pinned pairs among it, in the order of `problem()`."""
        pinned = np.flatnonzero(self.pinned[: self.arcs])
        given = np.sort(np.append(pinned, self.given[self.free_pairs()]))
        return Pairs(self._slot[given], self._volunteer[given], self._cost[given])

    def free_pairs(self) -> Ints:
        """The network's arcs in the plan that are not pinned, in the order of `problem()`."""
        net = self.network
        before = np.cumsum(net.taken) - net.taken
        taken = np.repeat(net.place - before, net.taken) + np.arange(net.taken.sum())
        arcs = net.holder_arc[taken]
        order: Ints = arcs[np.argsort(self.given[arcs])]
        return order

    def in_problem(self, arcs: Ints) -> Ints:
        """Which arcs of `problem()` these of the network are; -1 stays."""
        number = np.cumsum(~self.forbidden[: self.arcs]) - 1
        return np.where(arcs < 0, -1, number[self.given[arcs]])

    def slots_in_problem(self, slots: Ints) -> Ints:
        """Which slots of `problem()` these of the network are; -1 stays."""
        return np.where(slots < 0, -1, inverse(self.slot_number[: self.slots])[slots])

    def now(self) -> Network:
        """The network without the spare room, for whoever looks at all of it."""
        net = self.network
        return net._replace(
            row=net.row[: self.slots + 1],
            weight=net.weight[: self.slots],
            lacking=net.lacking[: self.slots],
            slot_price=net.slot_price[: self.slots],
        )

    def next_load(self) -> Ints:
        """What the next household would cost each volunteer, whether she has room or not."""
        step = int(self.network.step)
        # Whoever holds that much costs more than any slot pays.
        held = np.minimum(self.held, max(LIMIT // 2 // max(step, 1), 1))
        load: Ints = step * (held + self.pins_of_volunteer + self.network.taken[self.volunteer_number])
        return load

    def ways(self) -> tuple[Ways, Ways]:
        """The shortest ways to the sink and from it, in the network's numbers."""
        if self._ways is None:
            network, columns = self.now(), self.columns_now()
            self._ways = ways_to_sink(network, columns), ways_from_sink(network, columns)
        return self._ways

    def columns_now(self) -> Columns:
        """All arcs by volunteer, without chains."""
        whole = self.arcs == self.columns.start[-1]
        return self.columns if whole else columns_of(self.now())

    def in_given_numbers(self, margins: Margins) -> Margins:
        """The same in the problem's numbers."""
        return Margins(margins.slot[self.slot_number[: self.slots]], margins.volunteer[self.volunteer_number])

    def slot_prices(self) -> Ints:
        """In the problem's numbers."""
        return self.network.slot_price[self.slot_number[: self.slots]]

    def volunteer_prices(self) -> Ints:
        """In the problem's numbers."""
        return self.network.price[self.volunteer_number]

    def slot_at(self, slot: int) -> int:
        """The network's number of a slot. Raises ValueError if there is no such slot."""
        if whole_number("slot", slot) >= self.slots:
            raise ValueError(f"slot is {slot}: there are {self.slots} slots")
        return int(self.slot_number[slot])

    def volunteer_at(self, volunteer: int) -> int:
        """The network's number of a volunteer. Raises ValueError if there is no such person."""
        if whole_number("volunteer", volunteer) >= len(self.held):
            raise ValueError(f"volunteer is {volunteer}: there are {len(self.held)} volunteers")
        return int(self.volunteer_number[volunteer])

    def arc(self, slot: int, volunteer: int) -> int:
        """The network's arc between these two. Raises ValueError if there is none."""
        i, j = self.slot_at(slot), self.volunteer_at(volunteer)
        begin, end = self.network.row[i], self.network.row[i + 1]
        far = self.network.volunteer[begin:end]
        found = np.flatnonzero((far == j) | (far == ~j))
        if not found.size:
            raise ValueError(f"slot {slot} and volunteer {volunteer} cannot be paired: there is no such arc")
        return int(begin + found[0])

    def ends(self, a: int) -> tuple[int, int]:
        """Slot and volunteer of the network's arc a, in the problem's numbers."""
        return int(self._slot[self.given[a]]), int(self._volunteer[self.given[a]])

    def check_free_for_each_other(self, slot: int, volunteer: int) -> None:
        """Raises ValueError if these two, who have an arc, can never be paired anew."""
        if self.forbidden[self.given[self.arc(slot, volunteer)]]:
            raise ValueError(f"slot {slot} and volunteer {volunteer} are forbidden: allow them first")
        if self.wanted[slot] <= self.pins_of_slot[slot]:
            raise ValueError(f"slot {slot} wants {self.wanted[slot]} helpers and all of them are pinned")
        if self.network.places[self.volunteer_at(volunteer)] < 1:
            raise ValueError(f"volunteer {volunteer} has no place left for a pinned pair")

    def check_wanted(self, wanted: int, until_now: int = 0) -> None:
        """Raises ValueError if this is too many helpers together with what all other slots want."""
        if self.all_wanted - until_now + wanted >= LIMIT:
            raise ValueError(f"wanted is {wanted}: all helpers together must stay below 2^62")

    def expect_load(self, volunteer: int, capacity: int) -> None:
        """She will have so much capacity; raises ValueError if that could take costs out of int64."""
        held, arcs = self.held[[volunteer]], self.arcs_of_volunteer[[volunteer]]
        place = dearest_place(self._base.load_step, held, room_of(np.array([capacity]), held, arcs))
        self._expect(f"capacity is {capacity}", place=place)

    def room_for(self, j: int, volunteer: int, places: int) -> None:
        """Make sure that volunteer j's places can be so many beside her pinned ones."""
        net, pins = self.network, int(self.pins_of_volunteer[volunteer])
        net.first_load[j] = self._base.load_step * (int(self.held[volunteer]) + pins)
        if net.place[j] + places <= self._place_end[j]:
            return
        begin, taken = self._places + pins, net.taken[j]
        self._enlarge(self.slots, self.arcs, begin + 2 * places)
        self._places = begin + 2 * places
        for array in (self.network.holder, self.network.holder_arc):
            array[begin : begin + taken] = array[net.place[j] : net.place[j] + taken]
        net.place[j], self._place_end[j] = begin, self._places

    def append(self, tier: int, who: Ints, cost: Ints) -> int:
        """One more slot, wanting nobody yet, with its arcs; its number. Raises ValueError if it cannot be."""
        self._expect_slot(tier, who, cost)
        slot, begin, end = self.slots, self.arcs, self.arcs + len(who)
        self._enlarge(slot + 1, end, self._places)
        self.slots, self.arcs = slot + 1, end
        self.slot_number[slot], self.tier[slot], self.wanted[slot], self.pins_of_slot[slot] = slot, tier, 0, 0
        self._slot[begin:end], self._volunteer[begin:end], self._cost[begin:end] = slot, who, cost
        self.pinned[begin:end] = self.forbidden[begin:end] = False
        self.arcs_of_volunteer[who] += 1

        net, columns, order = self.network, self.columns, np.argsort(cost, kind="stable")
        net.weight[slot], net.lacking[slot], net.slot_price[slot] = self._base.tier_weight * tier, 0, 0
        net.row[slot + 1] = end
        self.given[begin:end] = begin + order
        net.cost[begin:end] = cost[order]
        net.volunteer[begin:end] = self.volunteer_number[who[order]]
        j, later = net.volunteer[begin:end], np.arange(begin, end) - columns.start[-1]
        columns.older[later], columns.newest[j] = columns.newest[j], later
        columns.later_slot[later] = slot
        return slot

    def append_volunteer(self, capacity: int, held: int, which: Ints, cost: Ints) -> int:
        """One more volunteer, without any place yet, with her arcs; her number. All arcs are copied.

        Raises ValueError if she cannot be.
        """
        room = self._expect_volunteer(capacity, held, which, cost)
        volunteer, i, net, arcs = len(self.held), self.slot_number[which], self.now(), self.arcs
        # The problem has arcs in the order of the slots, the network in the order of its rows, by cost.
        given = np.searchsorted(self._slot[:arcs], which, side="right")
        order = np.argsort(i)
        rows = zip(net.row[i].tolist(), net.row[i + 1].tolist(), cost, strict=True)
        at = np.array([b + np.searchsorted(net.cost[b:e], c) for b, e, c in rows], dtype=np.int64)[order]
        later = np.searchsorted(given, self.given[:arcs], side="right")
        self.given = np.insert(self.given[:arcs] + later, at, (given + np.arange(len(given)))[order])
        for name, values in (("_slot", which), ("_volunteer", volunteer), ("_cost", cost)):
            setattr(self, name, np.insert(getattr(self, name)[:arcs], given, values))
        self.pinned = np.insert(self.pinned[:arcs], given, False)
        self.forbidden = np.insert(self.forbidden[:arcs], given, False)
        self.arcs = arcs + len(which)

        row, holder_arc = self.network.row.copy(), net.holder_arc
        row[: self.slots + 1] += np.cumsum(np.bincount(i + 1, minlength=self.slots + 1))
        # Without room her load may be beyond all bounds; nobody will ask for it.
        first_load = self._base.load_step * held if room else 0
        # Nobody comes to her at this price, as behind a door that is closed.
        price = max(int((net.slot_price[i] - cost).max(initial=0)), first_load)
        self.network = self.network._replace(
            row=row,
            cost=np.insert(net.cost[:arcs], at, cost[order]),
            volunteer=np.insert(net.volunteer[:arcs], at, np.int32(volunteer)),
            holder_arc=holder_arc + np.searchsorted(at, holder_arc, side="right"),
            place=np.append(net.place, self._places),
            places=np.append(net.places, 0),
            taken=np.append(net.taken, 0),
            first_load=np.append(net.first_load, first_load),
            price=np.append(net.price, price),
        )
        self.volunteer_number = np.append(self.volunteer_number, volunteer)
        self.capacity, self.held = np.append(self.capacity, capacity), np.append(self.held, held)
        self.pins_of_volunteer = np.append(self.pins_of_volunteer, 0)
        self.arcs_of_volunteer = np.append(self.arcs_of_volunteer, len(which))
        self._place_end = np.append(self._place_end, self._places)
        self.columns = columns_of(self.now())
        self.scratch, self.trail = scratch_for(self.network), trail_for(self.network)
        return volunteer

    def _enlarge(self, slots: int, arcs: int, places: int) -> None:
        """Arrays for so many slots, arcs and places, and some more so that this is rarely needed."""
        net, columns = self.network, self.columns
        if slots >= len(self.tier):
            size = slots + slots // 8 + 64
            for name in ("slot_number", "tier", "wanted", "pins_of_slot"):
                setattr(self, name, longer(getattr(self, name), size))
            net = with_slots(net, size)
            self.scratch, self.trail = scratch_for(net), trail_for(net)
        if arcs >= len(self.given):
            size = arcs + arcs // 8 + 1024
            for name in ("given", "_slot", "_volunteer", "_cost", "pinned", "forbidden"):
                setattr(self, name, longer(getattr(self, name), size))
            net = with_arcs(net, size)
            self.columns = with_later_arcs(columns, size)
        if places >= len(net.holder):
            size = places + places // 8 + 64
            net = with_places(net, size)
        self.network = net

    def _expect_slot(self, tier: int, who: Ints, cost: Ints) -> None:
        if tier < 1:
            raise ValueError(f"tier is {tier}: a tier is at least 1")
        check_arcs("volunteers", who, cost, len(self.held))
        held = self.held[who]
        room = room_of(self.capacity[who], held, self.arcs_of_volunteer[who] + 1)
        self._expect(
            "the new slot",
            slots=1,
            arc=int(cost.max(initial=0)),
            place=dearest_place(self._base.load_step, held, room),
            weight=self._base.tier_weight * tier,
        )

    def _expect_volunteer(self, capacity: int, held: int, which: Ints, cost: Ints) -> int:
        """How many households she has room for."""
        check_arcs("slots", which, cost, self.slots)
        hers = np.array([held])
        room = room_of(np.array([capacity]), hers, np.array([len(which)]))
        self._expect(
            "the new volunteer",
            volunteers=1,
            arc=int(cost.max(initial=0)),
            place=dearest_place(self._base.load_step, hers, room),
        )
        return int(room[0])

    def _expect(self, what: str, slots: int = 0, volunteers: int = 0, **larger: int) -> None:
        """Costs may be as large from now on, and people so many more.

        Raises ValueError, as a Problem would, if they do not fit; nothing can fail any more if they do.
        """
        largest = self._largest.or_more(**larger)
        largest.check(what, self.slots + slots, len(self.held) + volunteers)
        self._largest = largest
