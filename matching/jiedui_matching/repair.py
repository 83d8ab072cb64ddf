"""A plan that stays optimal: each event is repaired with a few short searches, nothing is solved again."""

import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np

from jiedui_matching.engine.backward import offer, place_of, release, vacate
from jiedui_matching.engine.forward import cover, leave, make_way
from jiedui_matching.engine.margins import cheapest_prices, priced
from jiedui_matching.forced import Forced, forced
from jiedui_matching.plan_state import PlanState
from jiedui_matching.prices import solver_version
from jiedui_matching.problem import Ints, Problem, room_of, whole, whole_number
from jiedui_matching.solution import Prices, Solution
from jiedui_matching.solve import solution_of
from jiedui_matching.what_if import Difference, difference


@dataclass(frozen=True, eq=False)
class MarginalValues:
    """How the plan's weight (cost, and `tier_weight * tier` for each helper lacking) would change.

    `one_more` by which it rises if a slot wants one helper more, `one_less` by which it falls if a
    slot that lacks or has an unpinned helper wants one less (0 for others), `place_gained` by which
    it falls if a volunteer gets one place more.
    """

    one_more: Ints
    one_less: Ints
    place_gained: Ints


class LivePlan:
    """An optimal plan with its prices, kept so while slots, places and pairs come and go.

    Slots and volunteers keep the problem's numbers. The problem's `tier_weight` stays what it was:
    who expects dearer slots than the problem had makes it larger beforehand. Every event that cannot
    be raises ValueError and changes nothing.
    """

    def __init__(
        self, problem: Problem, stop: Callable[[], bool] | None = None, warm: Solution | None = None
    ) -> None:
        """Solves the problem, from an earlier plan of the same people if there is one.

        Raises InterruptedError if `stop` said yes before that was done, ValueError if `warm` does not fit.
        """
        self._started = time.perf_counter()
        self._now = PlanState(problem, stop or (lambda: False), warm)

    @property
    def problem(self) -> Problem:
        """The problem as the events have made it; forbidden pairs are no arcs of it."""
        return self._now.problem()

    @property
    def now(self) -> PlanState:
        """The arrays behind it, for whoever explains the plan; only its events may change them."""
        return self._now

    def solution(self) -> Solution:
        """The plan as it is, a solution of `problem`."""
        problem, now = self.problem, self._now
        prices = Prices(now.slot_prices(), now.volunteer_prices())
        seconds = time.perf_counter() - self._started
        return solution_of(problem, now.chosen(), prices, "optimal", "prices", solver_version(), seconds)

    def margins(self) -> MarginalValues:
        """What every slot and every place is worth at the margin, all of it exact, by two sweeps."""
        now = self._now
        network = now.now()
        to_sink, from_sink = now.ways()
        dear = now.in_given_numbers(priced(network, now.columns_now(), to_sink))
        cheap = now.in_given_numbers(cheapest_prices(network, from_sink))
        number = now.volunteer_number
        taken = network.taken[number]
        no_use = (taken < network.places[number]) | (now.capacity < now.held)
        return MarginalValues(
            one_more=dear.slot,
            one_less=cheap.slot,
            place_gained=np.where(no_use, 0, np.maximum(cheap.volunteer - now.next_load(), 0)),
        )

    def forced(self, slot: int, volunteer: int) -> Forced:
        """What the best plan with this pair would change; the plan and its prices stay as they are.

        Raises ValueError if they can never be paired, because of a ban, pins or for want of an arc.
        """
        return forced(self._now, slot, volunteer)

    def what_if(self, change: Callable[["LivePlan"], None]) -> Difference:
        """What any events would change, told to a twin of this plan; this one stays as it is.

        Whatever `change` raises is raised here.
        """
        twin = copy(self)
        twin._now = self._now.twin()
        change(twin)
        return difference(self._now, twin._now)

    def want(self, slot: int, wanted: int) -> None:
        """The slot wants so many helpers from now on: it arrives (1), wants more, or leaves (0)."""
        now = self._changing()
        i = now.slot_at(slot)
        until_now, pins = int(now.wanted[slot]), int(now.pins_of_slot[slot])
        wanted = whole_number("wanted", wanted)
        now.check_wanted(wanted, until_now)
        if wanted < pins:
            raise ValueError(f"wanted is {wanted}: slot {slot} has {pins} pinned helpers")
        more = wanted - until_now
        now.wanted[slot] = wanted
        now.all_wanted += more
        self._cover(i, more) if more > 0 else self._release(i, -more)

    def set_capacity(self, volunteer: int, capacity: int) -> None:
        """The volunteer may hold so many households: she gains or loses places, or leaves (0)."""
        now = self._changing()
        now.volunteer_at(volunteer)  # raises if there is no such person
        pins, held = int(now.pins_of_volunteer[volunteer]), int(now.held[volunteer])
        capacity = whole_number("capacity", capacity)
        if pins and capacity < held + pins:
            raise ValueError(f"capacity is {capacity}: volunteer {volunteer} holds {held} and {pins} pinned")
        now.expect_load(volunteer, capacity)
        now.capacity[volunteer] = capacity
        self._fit_places(volunteer)

    def forbid(self, slot: int, volunteer: int) -> None:
        """These two are never paired: somebody declined."""
        now = self._changing()
        a = now.arc(slot, volunteer)
        if now.pinned[now.given[a]]:
            raise ValueError(f"slot {slot} and volunteer {volunteer} are pinned: unpin them first")
        if now.forbidden[now.given[a]]:
            return
        now.forbidden[now.given[a]] = True
        net, i, j = now.network, now.slot_at(slot), now.volunteer_at(volunteer)
        h = place_of(net, a)
        if h < 0:
            net.volunteer[a] = ~j
            return
        leave(net, h)
        vacate(net, h, j)
        net.volunteer[a] = ~j
        offer(net, now.columns, now.scratch, j)
        cover(net, now.scratch, i)

    def allow(self, slot: int, volunteer: int) -> None:
        """These two may be paired again."""
        now = self._changing()
        a = now.arc(slot, volunteer)
        if not now.forbidden[now.given[a]]:
            return
        now.forbidden[now.given[a]] = False
        net, i, j = now.network, now.slot_at(slot), now.volunteer_at(volunteer)
        pays = net.cost[a] + net.price[j]
        if pays >= net.slot_price[i]:
            net.volunteer[a] = j
            return
        units = int(now.wanted[slot] - now.pins_of_slot[slot])
        self._release(i, units)
        net.slot_price[i] = min(net.slot_price[i], pays)
        net.volunteer[a] = j
        self._cover(i, units)

    def pin(self, slot: int, volunteer: int) -> None:
        """These two are paired whatever it costs; everybody else moves as little as is best."""
        now = self._changing()
        a = now.arc(slot, volunteer)
        net, i, j = now.network, now.slot_at(slot), now.volunteer_at(volunteer)
        if now.pinned[now.given[a]]:
            return
        now.check_free_for_each_other(slot, volunteer)
        now.pinned[now.given[a]] = True
        h = place_of(net, a)
        if h < 0:
            net.volunteer[a] = ~j
            self._release(i, 1)
            h = make_way(net, now.scratch, j)
        now.pins_of_slot[slot] += 1
        now.pins_of_volunteer[volunteer] += 1
        # The pin takes her first place, and who held that one takes the pin's.
        first = net.place[j]
        net.holder[h], net.holder_arc[h] = net.holder[first], net.holder_arc[first]
        net.place[j] += 1
        net.places[j] -= 1
        net.taken[j] -= 1
        net.first_load[j] += net.step

    def unpin(self, slot: int, volunteer: int) -> None:
        """These two stay together only if that is best."""
        now = self._changing()
        a = now.arc(slot, volunteer)
        net, i, j = now.network, now.slot_at(slot), now.volunteer_at(volunteer)
        if not now.pinned[now.given[a]]:
            return
        now.pinned[now.given[a]] = False
        now.pins_of_slot[slot] -= 1
        now.pins_of_volunteer[volunteer] -= 1
        net.place[j] -= 1
        net.first_load[j] -= net.step
        first, taken = net.place[j], net.taken[j]
        stays = max(net.price[j], net.first_load[j] + net.step * taken)
        if net.cost[a] + stays <= net.slot_price[i]:
            net.holder[first], net.holder_arc[first] = i, a
            net.price[j] = stays
            net.taken[j] += 1
            net.places[j] += 1
            return
        net.holder[first], net.holder_arc[first] = net.holder[first + taken], net.holder_arc[first + taken]
        net.price[j] = max(net.price[j], net.slot_price[i] - net.cost[a])
        net.volunteer[a] = j
        self._open(j)
        self._cover(i, 1)

    def add_slot(self, tier: int, wanted: int, volunteers: Sequence[int], costs: Sequence[int]) -> int:
        """A slot nobody knew of, with its possible volunteers in rising order; its number."""
        now = self._changing()
        tier, wanted = whole_number("tier", tier), whole_number("wanted", wanted)
        who, cost = whole("volunteers", volunteers), whole("costs", costs)
        now.check_wanted(wanted)
        slot = now.append(tier, who, cost)
        # Whoever had fewer arcs than room has one place more.
        for volunteer in who[now.capacity[who] - now.held[who] >= now.arcs_of_volunteer[who]].tolist():
            self._fit_places(volunteer)
        self.want(slot, wanted)
        return slot

    def add_volunteer(self, capacity: int, held: int, slots: Sequence[int], costs: Sequence[int]) -> int:
        """A volunteer nobody knew of, with the slots she may help in rising order; her number.

        Unlike every other event this copies all arcs.
        """
        capacity, held = whole_number("capacity", capacity), whole_number("held", held)
        which, cost = whole("slots", slots), whole("costs", costs)
        volunteer = self._changing().append_volunteer(capacity, held, which, cost)
        self._fit_places(volunteer)
        return volunteer

    def _changing(self) -> PlanState:
        """The arrays, about to change."""
        self._now.forget()
        return self._now

    def _cover(self, i: int, units: int) -> None:
        """So many helpers more; once one is lacking, all further ones are."""
        net = self._now.network
        while units and not net.lacking[i]:
            cover(net, self._now.scratch, i)
            units -= 1
        net.lacking[i] += units

    def _release(self, i: int, units: int) -> None:
        """So many helpers less, those that are lacking first."""
        net = self._now.network
        lacking = min(units, int(net.lacking[i]))
        net.lacking[i] -= lacking
        for _ in range(units - lacking):
            release(net, self._now.columns, self._now.scratch, i)

    def _open(self, j: int) -> None:
        """One place more."""
        self._now.network.places[j] += 1
        offer(self._now.network, self._now.columns, self._now.scratch, j)

    def _fit_places(self, volunteer: int) -> None:
        """As many places as capacity and arcs allow."""
        now = self._now
        j = now.volunteer_at(volunteer)
        room = room_of(now.capacity[volunteer], now.held[volunteer], now.arcs_of_volunteer[volunteer])
        places = int(room - now.pins_of_volunteer[volunteer])
        if places > now.network.places[j]:
            now.room_for(j, volunteer, places)
        net = now.network
        while net.places[j] < places:
            self._open(j)
        while net.places[j] > places:
            if net.taken[j] == net.places[j]:
                vacate(net, make_way(net, now.scratch, j), j)
            net.places[j] -= 1
