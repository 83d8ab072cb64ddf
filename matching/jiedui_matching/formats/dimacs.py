"""DIMACS minimum-cost flow files: `p min`, the nodes that give or take, the arcs with their bounds."""

from array import array
from io import BufferedReader

import numpy as np

from jiedui_matching.formats.case import Case
from jiedui_matching.formats.lines import LARGEST, whole_numbers, words_of
from jiedui_matching.general_flow import FlowNetwork, as_pairing


def read_dimacs_min(file: BufferedReader) -> Case | FlowNetwork:
    """A Problem if the network is bipartite and unit, so that every solver may try; else the network.

    Raises ValueError naming the line that is wrong.
    """
    network = _Reader().read(file)
    pairing = as_pairing(network)
    return Case(pairing.problem, pairing.shift, complete=True) if pairing else network


class _Reader:
    """What the lines so far have said."""

    def __init__(self) -> None:
        self.nodes = self.arcs = -1
        self.supply: dict[int, int] = {}
        self.columns = [array("q") for _ in range(5)]

    def read(self, file: BufferedReader) -> FlowNetwork:
        kinds = {"p": self._problem, "n": self._node, "a": self._arc}
        for line, words in words_of(file):
            kind, *rest = words
            if kind.startswith("c"):
                continue
            if kind not in kinds:
                raise ValueError(f"line {line}: begins with {kind[:40]!r}, not with c, p, n or a")
            if kind != "p" and self.nodes < 0:
                raise ValueError(f"line {line}: stands before the line that begins with p")
            kinds[kind](line, rest)
        if self.nodes < 0:
            raise ValueError("there is no line that begins with p")
        if len(self.columns[0]) != self.arcs:
            raise ValueError(f"the p line announces {self.arcs} arcs and there are {len(self.columns[0])}")
        tail, head, low, capacity, cost = (np.array(column, dtype=np.int64) for column in self.columns)
        # Only nodes that anything is said about: a short file cannot ask for millions of idle ones.
        known = np.unique(np.concatenate([tail, head, np.array(list(self.supply), dtype=np.int64)]))
        tail, head = np.searchsorted(known, tail), np.searchsorted(known, head)
        supply = np.array([self.supply.get(node, 0) for node in known.tolist()], dtype=np.int64)
        return FlowNetwork(supply=supply, tail=tail, head=head, low=low, capacity=capacity, cost=cost)

    def _problem(self, line: int, words: list[str]) -> None:
        if self.nodes >= 0:
            raise ValueError(f"line {line}: a second line that begins with p")
        if len(words) != 3 or words[0] != "min":
            raise ValueError(f"line {line}: must read p min NODES ARCS")
        self.nodes, self.arcs = whole_numbers(line, words[1:])
        for name, size in (("nodes", self.nodes), ("arcs", self.arcs)):
            if not 0 <= size <= LARGEST:
                raise ValueError(f"line {line}: {size} {name}: there can be 0 to {LARGEST}")

    def _node(self, line: int, words: list[str]) -> None:
        if len(words) != 2:
            raise ValueError(f"line {line}: must read n NODE SUPPLY")
        node, supply = whole_numbers(line, words)
        self._known(line, node)
        if node in self.supply:
            raise ValueError(f"line {line}: node {node} has had its line already")
        self.supply[node] = supply

    def _arc(self, line: int, words: list[str]) -> None:
        if len(words) != 5:
            raise ValueError(f"line {line}: must read a FROM TO LOW CAPACITY COST")
        numbers = tail, head, low, capacity, _ = whole_numbers(line, words)
        self._known(line, tail)
        self._known(line, head)
        if tail == head:
            raise ValueError(f"line {line}: an arc from node {tail} to itself")
        if not 0 <= low <= capacity:
            raise ValueError(
                f"line {line}: low is {low} and capacity {capacity}: 0 ≤ low ≤ capacity must hold"
            )
        if len(self.columns[0]) == self.arcs:
            raise ValueError(f"line {line}: more than the {self.arcs} arcs that the p line announces")
        for column, number in zip(self.columns, numbers, strict=True):
            column.append(number)

    def _known(self, line: int, node: int) -> None:
        if not 1 <= node <= self.nodes:
            raise ValueError(f"line {line}: node {node}: there are nodes 1 to {self.nodes}")
