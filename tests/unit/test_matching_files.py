"""Files: what is written is read back exactly, and what is wrong is refused where it stands."""

import io
import itertools
import json
import os
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiedui_matching import Problem, check, solve
from jiedui_matching.couplings import Apart, Kin, Share, Together
from jiedui_matching.formats import FORMATS, Case, FlowNetwork, arrays, guess, lines, read
from jiedui_matching.formats.arrays import FIELDS, read_json, read_npz, write_json, write_npz
from jiedui_matching.formats.lines import LARGEST
from jiedui_matching.formats.plan import check_plan, plan_as_dict, read_plan, write_plan
from jiedui_matching.formats.rules import read_couplings
from jiedui_matching.general_flow import solve_network
from jiedui_matching.instances import county

INSTANCES = Path(__file__).parents[1] / "instances" / "matching"

SMALL = {
    "tier": [3, 1], "wanted": [1, 1], "capacity": [1, 2], "held": [0, 1],
    "arc_slot": [0, 0, 1], "arc_volunteer": [0, 1, 1], "arc_cost": [10, 20, 30],
}  # fmt: skip


def written(path, content):
    path.write_text(content) if isinstance(content, str) else path.write_bytes(content)
    return path


def same(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in FIELDS)


@given(
    st.integers(0, 40), st.integers(0, 20), st.integers(0, 2**31), st.sampled_from([0, 7]), st.booleans()
)  # fmt: skip
def test_a_problem_comes_back_from_either_file_exactly(tmp_path, slots, volunteers, seed, load_step, pins):
    made = county(slots, volunteers, nearest=3, load_step=load_step, seed=seed, places_per_slot=2.0)
    first = np.isin(np.arange(made.arcs), made.row[:1]) & pins & (made.room[made.arc_volunteer] > 0)
    problem = Problem(**{name: getattr(made, name) for name in FIELDS} | {"pinned": first})
    write_json(problem, tmp_path / "p.json")
    write_npz(problem, tmp_path / "p.npz")
    assert same(read_json(tmp_path / "p.json"), problem)
    assert same(read_npz(tmp_path / "p.npz"), problem)
    assert (guess(tmp_path / "p.json"), guess(tmp_path / "p.npz")) == ("json", "npz")


def test_costs_close_to_the_limit_come_back_exactly(tmp_path):
    problem = Problem(**SMALL | {"arc_cost": [10, 20, 2**55 + 1]})
    write_json(problem, tmp_path / "p.json")
    assert read_json(tmp_path / "p.json").arc_cost[2] == 2**55 + 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"arc_cost": [10, float("nan"), 30]}, r"arc_cost\[1\] is NaN: whole numbers only"),
        ({"arc_cost": [10, float("inf"), 30]}, r"arc_cost\[1\] is Infinity: whole numbers only"),
        ({"arc_cost": [10, 20, "x"]}, r"arc_cost\[2\] is \"x\": whole numbers only"),
        ({"arc_cost": [10, True, 30]}, r"arc_cost\[1\] is true: whole numbers only"),
        ({"arc_cost": [10, 20, None]}, r"arc_cost\[2\] is null"),
        ({"arc_cost": [10, [20], 30]}, r"arc_cost\[1\] is \[20\]"),
        ({"arc_cost": [10, 20, 2**62]}, r"arc_cost\[2\] is too large"),
        ({"arc_cost": [10, -(10**400), 30]}, r"arc_cost\[1\] is too large"),
        ({"arc_cost": [10, 20, 2**60]}, r"must stay below 2\^62"),
        ({"arc_cost": 10}, "arc_cost must be a list"),
        ({"arc_slot": [0, 1, 0]}, r"arc_slot\[2\] is 0: arcs must be sorted"),
        ({"arc_volunteer": [1, 1, 1]}, r"arc_volunteer\[1\] is 1: the same pair"),
        ({"capacity": [1, -2]}, r"capacity\[1\] is -2: it cannot be negative"),
        ({"arc_slot": [0, 0, 5]}, r"arc_slot\[2\] is 5: there are 2 slots"),
        ({"pinned": [False, 1, False]}, r"pinned\[1\] is 1: true or false only"),
        ({"pinned": True}, "pinned must be a list"),
        ({"load_step": 0.5}, r"load_step\[0\] is 0.5: whole numbers only"),
        ({"colour": [1]}, "'colour' is no field: there are tier, wanted"),
    ],
)
def test_a_wrong_json_problem_is_refused_by_field_and_index(tmp_path, change, sentence):
    path = written(tmp_path / "p.json", json.dumps(SMALL | change))
    with pytest.raises(ValueError, match=sentence):
        read(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[1, 2]", "must hold one JSON object"),
        ('{"tier": [1], "tier": [2]}', "tier stands there twice"),
        ('{"tier": [1]}', "wanted is missing"),
        ('{"tier": [1', "Expecting"),
        ('{"tier": ' + "[" * 200_000, "nested too deeply"),
        (b'{"ti\xe9r": [1]}', "not text in UTF-8 at byte 4"),
    ],
)
def test_json_that_is_no_problem_is_refused(tmp_path, content, sentence):
    with pytest.raises(ValueError, match=sentence):
        read(written(tmp_path / "p.json", content), "json")


def test_a_number_with_more_digits_than_python_reads_is_refused_in_its_place(tmp_path):
    content = json.dumps(SMALL).replace("20", "9" * 5000)
    with pytest.raises(ValueError, match=r'arc_cost\[1\] is "999.*: whole numbers only'):
        read(written(tmp_path / "p.json", content))


def test_a_json_file_too_large_for_memory_is_refused_unread(tmp_path):
    path = written(tmp_path / "p.json", "{")
    with path.open("r+b") as file:
        file.truncate(2**27 + 1)
    with pytest.raises(ValueError, match="give it as npz"):
        read(path)


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **{name: np.asarray(value) for name, value in arrays.items()})
    return file.getvalue()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"arc_cost": [10, np.nan, 30]}, r"arc_cost\[1\] is nan: whole numbers only"),
        ({"arc_cost": [10, 20, 2.0**63]}, r"arc_cost\[2\]"),
        ({"arc_cost": np.array([10, 20, 2**63], dtype=np.uint64)}, r"arc_cost\[2\]"),
        ({"arc_cost": ["a", "b", "c"]}, "arc_cost holds <U1: it must be whole numbers"),
        ({"arc_cost": [[10, 20, 30]]}, "arc_cost has 2 dimensions"),
        ({"arc_slot": [0, 1, 0]}, r"arc_slot\[2\] is 0: arcs must be sorted"),
        ({"pinned": [1, 0, 0]}, "pinned must be a list of true and false"),
        ({"load_step": [1, 2]}, "load_step has 1 dimensions: it must be one whole number"),
        ({"load_step": 0.5}, "load_step is 0.5: it must be a whole number"),
        ({"colour": [1]}, "'colour' is no field"),
    ],
)
def test_a_wrong_npz_problem_is_refused_by_field_and_index(tmp_path, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        read(written(tmp_path / "p.npz", npz(**SMALL | change)))


def test_objects_in_an_npz_are_never_unpacked(tmp_path):
    with pytest.raises(ValueError, match="arc_cost holds object"):
        read(written(tmp_path / "p.npz", npz(**SMALL | {"arc_cost": np.array([1, "a", None], dtype=object)})))


def with_header(shape):
    file = io.BytesIO()
    header = {"descr": "<i8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


@pytest.mark.parametrize(
    ("member", "sentence"),
    [
        (with_header((LARGEST + 1,)), f"arc_cost has {LARGEST + 1} entries: there can be {LARGEST}"),
        (with_header((2**40, 2**40)), "arc_cost has 1208925819614629174706176 entries"),
        (with_header((3,)) + b"1234", "arc_cost is cut short"),
        (b"no array", "magic"),
    ],
)
def test_an_array_is_not_unpacked_before_its_size_is_known(tmp_path, member, sentence):
    file = io.BytesIO(npz(**{name: value for name, value in SMALL.items() if name != "arc_cost"}))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("arc_cost.npy", member)
    with pytest.raises(ValueError, match=sentence):
        read(written(tmp_path / "p.npz", file.getvalue()))


def test_a_damaged_npz_is_refused(tmp_path):
    whole = npz(**SMALL)
    with pytest.raises(ValueError, match="not a readable npz"):
        read(written(tmp_path / "p.npz", whole[: len(whole) // 2]))
    with pytest.raises(ValueError, match="not a readable npz"):
        read(written(tmp_path / "q.npz", whole.replace(np.int64(30).tobytes(), np.int64(31).tobytes())))


def test_an_assignment_is_read_across_its_wrapped_lines():
    case = read(INSTANCES / "assign4.txt")
    cost = np.array([[9, 2, 7, 8], [6, 4, 3, 7], [5, 8, 1, 8], [7, 6, 9, 4]])
    assert (case.problem.arc_cost + case.offset // 4).reshape(4, 4).tolist() == cost.tolist()
    best = min(cost[range(4), order].sum() for order in itertools.permutations(range(4)))
    solution = solve(case.problem)
    assert (case.status(solution), case.objective(solution)) == ("optimal", best)


@given(st.integers(1, 12), st.integers(1, 9), st.integers(0, 2**31))
def test_an_assignment_with_any_line_length_has_scipys_optimum(tmp_path, n, width, seed):
    from scipy.optimize import linear_sum_assignment

    cost = np.random.default_rng(seed).integers(-20, 100, (n, n))
    numbers = [str(number) for number in cost.ravel().tolist()]
    lines = [" ".join(numbers[at : at + width]) for at in range(0, len(numbers), width)]
    case = read(written(tmp_path / "assign.txt", "\n".join([f" {n} ", *lines, ""])))
    solution = solve(case.problem)
    assert case.objective(solution) == cost[linear_sum_assignment(cost)].sum()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("2\n1 2\n3", "the file ends after 3 of 2 × 2 costs"),
        ("2\n1 2\n3 4 5", "line 3: more than the 2 × 2 costs"),
        ("2\n1 2\n3 x", "line 3: 'x' is not a whole number"),
        ("2\n1 2\n3 4.5", "line 3: '4.5' is not a whole number"),
        ("2\n1 2\n3 1_0", "line 3: '1_0' is not a whole number"),
        ("2\n1 2\n3 nan", "line 3: 'nan' is not a whole number"),
        ("2\n1 2 3 9999999999999999999", "line 2: 9999999999999999999 is too large"),
        ("0", "line 1: n is 0"),
        ("100000\n1 2", "line 1: n is 100000: .* at most"),
        ("", "the file ends after 0"),
        ("2\n" + "1" * 2**22, "line 2: '1111.*' is not a whole number"),
    ],
)
def test_a_wrong_assignment_is_refused_by_line(tmp_path, content, sentence):
    with pytest.raises(ValueError, match=sentence):
        read(written(tmp_path / "assign.txt", content), "orlib-assign")


@pytest.mark.parametrize("solver", ["ortools_flow", "prices", "ortools_cpsat"])
def test_a_bipartite_network_goes_to_every_solver(solver):
    case = read(INSTANCES / "bipartite.min")
    assert isinstance(case, Case)
    solution = solve(case.problem, solver=solver)
    assert (case.status(solution), case.objective(solution)) == ("optimal", 3 + 8 - 2)
    assert list(zip(solution.pair_slot, solution.pair_volunteer, strict=True)) == [(0, 0), (0, 1), (1, 0)]


def test_a_network_with_inner_nodes_and_lower_bounds_goes_to_the_flow():
    network = read(INSTANCES / "general.min")
    assert isinstance(network, FlowNetwork)
    flow = solve_network(network)
    assert (flow.status, flow.objective) == ("optimal", 15)
    assert (flow.carried >= network.low).all()


@pytest.mark.parametrize(
    ("arcs", "objective"),
    [
        ("a 1 3 1 1 9\na 1 4 0 1 1\na 2 3 0 1 1\na 2 4 0 1 1", 9 + 1),
        ("n 5 2\nn 6 -2\na 1 3 0 1 2\na 2 4 0 1 1\na 5 6 0 1 5\na 5 6 0 1 2", 2 + 1 + 5 + 2),
        (
            "n 5 2\nn 6 -2\na 1 3 0 1 2\na 2 4 0 1 1\n"
            + "\n".join(f"a 5 6 0 {2**62 - 1} {cost}" for cost in (5, 2, 7)),
            2 + 1 + 2 * 2,
        ),
    ],
    ids=["a lower bound", "the same arc twice", "room without end"],
)
def test_what_a_pairing_cannot_say_stays_a_network(tmp_path, arcs, objective):
    content = f"p min 6 {arcs.count('a')}\nn 1 1\nn 2 1\nn 3 -1\nn 4 -1\n{arcs}\n"
    network = read(written(tmp_path / "net.min", content))
    assert isinstance(network, FlowNetwork)
    assert solve_network(network).objective == objective


def test_of_two_arcs_for_one_helper_the_cheaper_one_is_enough(tmp_path):
    arcs = f"a 1 3 0 1 5\na 1 3 0 {2**62 - 1} 2\na 1 3 0 1 7\na 2 4 0 1 1"
    case = read(written(tmp_path / "net.min", f"p min 4 4\nn 1 1\nn 2 1\nn 3 -1\nn 4 -1\n{arcs}\n"))
    assert isinstance(case, Case)
    assert (case.problem.arcs, case.objective(solve(case.problem))) == (2, 2 + 1)


def test_nodes_that_nothing_is_said_about_take_no_memory(tmp_path):
    content = f"p min {LARGEST} 1\nn {LARGEST} -1\nn 7 1\na 7 {LARGEST} 0 1 4\n"
    case = read(written(tmp_path / "net.min", content))
    assert (case.problem.slots, case.problem.volunteers, case.objective(solve(case.problem))) == (1, 1, 4)


@given(st.lists(st.integers(-99, 99), min_size=9, max_size=9), st.data(), st.integers(3, 9))
def test_an_assignment_is_read_alike_however_its_lines_are_broken(tmp_path, costs, data, at_once):
    breaks = data.draw(
        st.lists(st.sampled_from([" ", "\n", "  \n\n", "\t", "\r\n"]), min_size=10, max_size=10)
    )
    content = "".join(f"{number}{gap}" for number, gap in zip([3, *costs], breaks, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_LONGEST_LINE", at_once)
        case = read(written(tmp_path / "assign.txt", content), "orlib-assign")
    assert (case.problem.arc_cost + case.offset // 3).tolist() == costs


def test_an_assignment_on_a_single_long_line_is_read(tmp_path):
    n = 700
    path = written(tmp_path / "assign.txt", f"{n} " + "1 " * (n * n))
    assert path.stat().st_size < 2**20 < written(path, f"{n} " + "101 " * (n * n)).stat().st_size
    assert read(path, "orlib-assign").offset == 101 * n


def test_json_that_begins_with_a_byte_order_mark_is_read(tmp_path):
    path = written(tmp_path / "p.json", b"\xef\xbb\xbf" + json.dumps(SMALL).encode())
    assert same(read(path).problem, Problem(**SMALL))


def with_header(header):
    """An npz whose `tier` begins with this npy header."""
    length = len(header).to_bytes(2, "little")
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(npz(**SMALL))) as good, zipfile.ZipFile(file, "w") as changed:
        for name in good.namelist():
            content = b"\x93NUMPY\x01\x00" + length + header + b"\0" * 80
            changed.writestr(name, content if name == "tier.npy" else good.read(name))
    return file.getvalue()


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        ("(-5,)", r"tier has the shape \(-5,\): sizes are whole numbers, not negative"),
        ("(-5, -1)", "tier has the shape"),
        ("(True,)", "tier has the shape"),
        ("(1.0,)", "tier has no header that can be read"),
        (f"({10**12},)", f"tier has {10**12} entries: there can be {LARGEST}"),
        (f"({LARGEST},)", "tier is cut short"),
        ("print('hello')", "tier has no header that can be read"),
        ("(" * 5000, "tier has no header that can be read"),
    ],
)
def test_an_npy_header_is_believed_only_as_far_as_it_goes(tmp_path, shape, sentence):
    header = f"{{'descr': '<i8', 'fortran_order': False, 'shape': {shape}}}".encode()
    with pytest.raises(ValueError, match=sentence):
        read(written(tmp_path / "p.npz", with_header(header)))


def test_an_infeasible_pairing_says_so():
    case = read(INSTANCES / "infeasible.min")
    assert case.status(solve(case.problem)) == "infeasible"


@pytest.mark.parametrize(
    "lines",
    [
        "n 1 2\nn 3 -1\na 1 3 0 2 5",
        "n 1 1\nn 3 -1\na 1 2 0 1 5",
        "n 1 2\nn 3 -2\na 1 3 0 1 5",
        "n 1 1\nn 3 -1\na 1 2 1 1 5\na 1 3 0 1 1",
    ],
)
def test_an_infeasible_network_says_so(tmp_path, lines):
    arcs = lines.count("\na")
    network = read(written(tmp_path / "net.min", f"p min 3 {arcs}\n{lines}\n"))
    if isinstance(network, Case):
        assert network.status(solve(network.problem)) == "infeasible"
    else:
        assert (solve_network(network).status, solve_network(network).objective) == ("infeasible", None)


@st.composite
def transports(draw):
    """Givers and takers in balance, every arc for one unit, and costs below zero among them."""
    givers = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    total = sum(givers)
    cuts = sorted(draw(st.sets(st.integers(1, total - 1), max_size=3)) if total > 1 else [])
    takers = [high - low for low, high in itertools.pairwise([0, *cuts, total])]
    n, m = len(givers), len(takers)
    pairs = sorted(draw(st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, m - 1)), min_size=1)))
    costs = draw(st.lists(st.integers(-9, 9), min_size=len(pairs), max_size=len(pairs)))
    lines = [f"c\np min {n + m} {len(pairs)}"]
    lines += [f"n {at} {supply}" for at, supply in enumerate(givers, start=1)]
    lines += [f"n {n + at} -{supply}" for at, supply in enumerate(takers, start=1)]
    lines += [f"a {i + 1} {n + j + 1} 0 1 {c}" for (i, j), c in zip(pairs, costs, strict=True)]
    return "\n".join(lines)


@given(transports())
def test_a_network_read_as_a_pairing_has_the_networks_own_optimum(tmp_path, text):
    case = read(written(tmp_path / "net.min", text))
    # A node that neither gives nor takes, at the end of one more arc, makes the same network a general one.
    extra = text.splitlines()
    _, _, nodes, arcs = extra[1].split()
    extra[1] = f"p min {int(nodes) + 1} {int(arcs) + 1}"
    general = read(written(tmp_path / "general.min", "\n".join([*extra, f"a 1 {int(nodes) + 1} 0 1 0"])))
    assert isinstance(case, Case) and isinstance(general, FlowNetwork)
    solution, flow = solve(case.problem), solve_network(general)
    assert case.status(solution) == flow.status
    if flow.status == "optimal":
        assert case.objective(solution) == flow.objective


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a 1 2 0 1 1", "line 1: stands before the line that begins with p"),
        ("c\n\np max 2 1", "line 3: must read p min NODES ARCS"),
        ("p min 2 1\np min 2 1", "line 2: a second line that begins with p"),
        ("p min 2 1\nx 1", "line 2: begins with 'x'"),
        ("p min 2 1\nn 3 1", "line 2: node 3: there are nodes 1 to 2"),
        ("p min 2 1\nn 1", "line 2: must read n NODE SUPPLY"),
        ("p min 2 1\nn 1 1\nn 1 1", "line 3: node 1 has had its line already"),
        ("p min 2 1\na 1 2 0 1", "line 2: must read a FROM TO LOW CAPACITY COST"),
        ("p min 2 1\na 1 2 0 1 nan", "line 2: 'nan' is not a whole number"),
        ("p min 2 1\na 1 0 0 1 1", "line 2: node 0: there are"),
        ("p min 2 1\na 1 1 0 1 1", "line 2: an arc from node 1 to itself"),
        ("p min 2 1\na 1 2 2 1 1", "line 2: low is 2 and capacity 1"),
        ("p min 2 1\na 1 2 0 -1 1", "line 2: low is 0 and capacity -1"),
        ("p min 2 1\na 1 2 0 1 1\na 1 2 0 1 1", "line 3: more than the 1 arcs"),
        ("p min 2 2\na 1 2 0 1 1", "announces 2 arcs and there are 1"),
        ("p min 999999999999 1", "line 1: 999999999999 nodes: there can be"),
        ("c nothing", "there is no line that begins with p"),
        ("c " + "x" * 2**20, "line 1: longer than 1048576 characters"),
    ],
)
def test_a_wrong_network_is_refused_by_line(tmp_path, content, sentence):
    with pytest.raises(ValueError, match=sentence):
        read(written(tmp_path / "net.min", content), "dimacs-min")


def test_numbers_too_large_for_the_flow_are_refused(tmp_path):
    content = f"p min 3 2\nn 1 1\nn 3 -1\na 1 2 0 1 {2**61}\na 2 3 0 1 {2**61}"
    with pytest.raises(ValueError, match=rf"cost\[0\] is {2**61}: too large for OR-Tools"):
        solve_network(read(written(tmp_path / "net.min", content)))


def test_room_too_large_for_the_flow_is_refused(tmp_path):
    arcs = "\n".join([f"a {node} {node + 1} 0 {2**62 - 1} 1" for node in (1, 2)] * 9)
    content = f"p min 3 18\nn 1 1\nn 3 -1\n{arcs}"
    with pytest.raises(ValueError, match=rf"capacity\[0\] is {2**62 - 1}: too large for OR-Tools"):
        solve_network(read(written(tmp_path / "net.min", content)))


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([f"a 1 2 {2**61} {2**61} 1"] * 8, rf"low\[1\] is {2**61}: all must add up to less than 2\^62"),
        (
            [f"n {node} {2**60 if node < 4 else -(2**60)}" for node in range(1, 7)]
            + [f"a {node} {node + 3} 0 {2**60} 1" for node in (1, 2, 3)],
            rf"supply\[3\] is -{2**60}: all must add up",
        ),
    ],
    ids=["what must flow", "what is given and taken"],
)
def test_a_network_whose_sums_nobody_can_count_is_refused(tmp_path, lines, sentence):
    arcs = sum(line.startswith("a") for line in lines)
    content = "\n".join([f"p min 6 {arcs}", *lines])
    with pytest.raises(ValueError, match=sentence):
        read(written(tmp_path / "net.min", content))


def test_sums_just_below_the_limit_are_counted_exactly(tmp_path):
    most = 2**61 - 1
    content = f"p min 3 3\nn 1 {most}\nn 3 -{most}\na 1 2 {most} {most} 3\na 2 3 {most} {most} 4\na 1 3 0 1 1"
    network = read(written(tmp_path / "net.min", content))
    assert (solve_network(network).status, solve_network(network).objective) == ("optimal", 7 * most)


@pytest.mark.parametrize("dearest", [2**57, 2**40])
def test_a_bipartite_network_too_dear_for_a_pairing_stays_a_network(tmp_path, dearest):
    content = (
        f"p min 4 4\nn 1 1\nn 2 1\nn 3 -1\nn 4 -1\na 1 3 0 1 {dearest}\na 1 4 0 1 0\na 2 3 0 1 7\na 2 4 0 1 1"
    )
    question = read(written(tmp_path / "net.min", content))
    if dearest == 2**40:
        assert isinstance(question, Case)
        assert question.objective(solve(question.problem)) == 7
    else:
        assert isinstance(question, FlowNetwork)
        assert (solve_network(question).status, solve_network(question).objective) == ("optimal", 7)


@pytest.mark.parametrize("wrong", [2**60, -(2**60)])
def test_an_assignment_too_dear_for_a_pairing_is_refused_by_its_line(tmp_path, wrong):
    path = written(tmp_path / "assign.txt", f"3\n1 2\n3 4 5\n\n6 {wrong} 8 9")
    with pytest.raises(ValueError, match=rf"^line 5: {wrong}: costs from .* are too far apart"):
        read(path)


@pytest.mark.parametrize("word", ["c", "comment", "cThis", "c:"])
def test_every_word_that_begins_with_c_begins_a_comment(tmp_path, word):
    text = (INSTANCES / "bipartite.min").read_text()
    path = written(tmp_path / "net.min", f"{word} made up\n{text}\n{word} the end")
    assert (guess(path), read(path).objective(solve(read(path).problem))) == ("dimacs-min", 9)


@pytest.mark.parametrize(("name", "objective"), [("assign4.txt", 13), ("bipartite.min", 9)])
def test_text_that_begins_with_a_byte_order_mark_is_read(tmp_path, name, objective):
    path = written(tmp_path / name, b"\xef\xbb\xbf" + (INSTANCES / name).read_bytes())
    case = read(path)
    assert case.objective(solve(case.problem)) == objective


@pytest.mark.parametrize("name", ["assign4.txt", "bipartite.min", "household.json"])
def test_a_pipe_is_read_once_and_whatever_it_holds(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    content = (INSTANCES / name).read_bytes()
    writing = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=[content])
    writing.start()
    case = read(tmp_path / "pipe")
    writing.join()
    assert same(case.problem, read(INSTANCES / name).problem)


def test_an_npz_through_a_pipe_is_refused_in_words(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writing = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=[npz(**SMALL)])
    writing.start()
    with pytest.raises(ValueError, match="npz cannot be read from a pipe"):
        read(tmp_path / "pipe")
    writing.join()


def test_a_device_without_end_takes_no_more_memory_than_a_file_may(monkeypatch):
    monkeypatch.setattr("jiedui_matching.formats.arrays._LARGEST_JSON", 2**16)
    with pytest.raises(ValueError, match=f"larger than {2**16} bytes"):
        read(Path("/dev/zero"), "json")
    with pytest.raises(ValueError, match="npz cannot be read from a pipe or a device"):
        read(Path("/dev/zero"), "npz")


class Endless(io.RawIOBase):
    """One word without end; asked for far more than it takes to see that, it fails."""

    left = 2**24

    def readable(self):
        return True

    def readinto(self, buffer):
        assert self.left > 0, "it is read on and on"
        self.left -= len(buffer)
        buffer[:] = b"1" * len(buffer)
        return len(buffer)


@pytest.mark.parametrize("form", ["orlib-assign", "dimacs-min"])
def test_a_word_without_end_is_not_waited_for(form):
    with pytest.raises(ValueError, match="line 1: "):
        FORMATS[form](io.BufferedReader(Endless()))


def test_a_name_given_twice_is_found_as_fast_as_it_is_read(tmp_path):
    names = ", ".join(f'"{number}": 0' for number in range(100_000))
    path = written(tmp_path / "p.json", "{" + names + ', "99999": 1}')
    parsed = []
    with pytest.MonkeyPatch.context() as patch:
        once = arrays._once
        patch.setattr(arrays, "_once", lambda pairs: parsed.append(len(pairs)) or once(pairs))
        with pytest.raises(ValueError, match=r"^99999 stands there twice"):
            read(path)
    assert parsed == [100_001]


def test_a_value_nested_too_deeply_to_be_shown_is_refused_in_its_place():
    deep = []
    for _ in range(200_000):
        deep = [deep]
    with pytest.raises(ValueError, match=r"arc_cost\[1\] is nested too deeply: whole numbers only"):
        arrays.whole_list("arc_cost", [10, deep, 30])


def compressed(method, spoil=0):
    """An npz whose arrays are packed by this method, from byte `spoil` of the first one on damaged."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(npz(**SMALL))) as good, zipfile.ZipFile(file, "w", method) as packed:
        for name in good.namelist():
            packed.writestr(name, good.read(name))
    content = bytearray(file.getvalue())
    if spoil:
        begin = 30 + len("tier.npy") + spoil
        content[begin : begin + 24] = b"\xff" * 24
    return bytes(content)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_however_an_npz_is_packed_it_is_read_or_refused(tmp_path, method):
    assert same(read(written(tmp_path / "p.npz", compressed(method))).problem, Problem(**SMALL))
    for spoil in range(1, 60, 3):
        with pytest.raises(ValueError, match=r"not a readable npz file|tier has no header|tier is cut short"):
            read(written(tmp_path / "p.npz", compressed(method, spoil)))


def test_an_npz_whose_list_of_arrays_points_nowhere_is_refused(tmp_path):
    content = bytearray(compressed(zipfile.ZIP_STORED))
    end = content.rindex(b"PK\x05\x06")
    begins = int.from_bytes(content[end + 16 : end + 20], "little")
    # Every array is then looked for as many bytes before the file.
    content[end + 16 : end + 20] = (begins + 8).to_bytes(4, "little")
    with pytest.raises(ValueError, match="not a readable npz file"):
        read(written(tmp_path / "p.npz", bytes(content)))


@pytest.mark.parametrize("content", ["", "hello", "-5 2", "<xml>"])
def test_a_file_of_unknown_format_is_refused_with_the_formats_there_are(tmp_path, content):
    with pytest.raises(
        ValueError, match="no known format: choose one of json, npz, orlib-assign, dimacs-min"
    ):
        read(written(tmp_path / "file", content))


def test_a_plan_comes_back_with_everything_it_claims(tmp_path):
    problem = read_json(INSTANCES / "household.json")
    solution = solve(problem)
    write_plan(plan_as_dict(Case(problem), solution), tmp_path / "plan.json")
    again = read_plan(tmp_path / "plan.json", Case(problem))
    assert again.pair_arc.tolist() == solution.pair_arc.tolist()
    assert again.unassigned.tolist() == solution.unassigned.tolist()
    assert (again.cost, again.uncovered) == (solution.cost, solution.uncovered)
    assert check(problem, again).passed


@pytest.mark.parametrize(
    ("plan", "wrong"),
    [
        ({"pairs": [[0, 0], [1, 1], [2, 1]]}, []),
        ({"pairs": [[0, 1], [1, 0], [2, 1]]}, ["optimal"]),
        ({"pairs": [[0, 0], [1, 1], [2, 1]], "cost": 1}, ["cost"]),
        ({"pairs": [[0, 0], [1, 1], [2, 1]], "uncovered": {"3": 0, "2": 0, "1": 0}}, ["coverage"]),
        ({"pairs": [[0, 0], [1, 1], [2, 1]], "left_out": [[0, 1]]}, ["coverage"]),
        ({"pairs": [[0, 0], [1, 1], [2, 1]], "objective": 84, "status": "optimal"}, []),
        ({"pairs": [[0, 0], [1, 1], [2, 1]], "status": "stopped"}, []),
        ({"pairs": [[0, 2]]}, ["arcs"]),
        ({"pairs": [[99, -1]]}, ["arcs"]),
        ({"pairs": [[0, 0], [1, 0], [2, 1]]}, ["capacity", "optimal"]),
    ],
)
def test_pairs_from_anywhere_can_be_checked(tmp_path, plan, wrong):
    case = read(INSTANCES / "household.json")
    path = written(tmp_path / "plan.json", json.dumps(plan))
    assert list(check(case.problem, read_plan(path, case)).violations) == wrong
    assert list(check_plan(path, case).violations) == wrong


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        ({}, "pairs is missing"),
        ({"pairs": 3}, "pairs must be a list of pairs"),
        ({"pairs": [[0, 0], [1]]}, r"pairs\[1\] is \[1\]: it must be two whole numbers"),
        ({"pairs": [[0, 0.5]]}, r"pairs\[0\]"),
        ({"pairs": [[0, 2**70]]}, r"pairs\[0\] is too large"),
        ({"pairs": [], "prices": [1]}, "prices must have the lists"),
        ({"pairs": [], "uncovered": [1]}, "uncovered must give"),
        ({"pairs": [], "cost": "dear"}, 'cost is "dear": it must be a whole number'),
        ({"pairs": [], "bound": 1.5}, "bound is 1.5"),
        ({"pairs": [], "weight": True}, "weight is true"),
    ],
)
def test_a_plan_that_cannot_be_read_is_refused(tmp_path, plan, sentence):
    case = read(INSTANCES / "household.json")
    with pytest.raises(ValueError, match=sentence):
        read_plan(written(tmp_path / "plan.json", json.dumps(plan)), case)


def test_rules_are_read_as_they_are_written(tmp_path):
    rules = [
        {"rule": "together", "volunteers": [0, 1], "households": [[0], [1, 2]]},
        {"rule": "apart", "volunteers": [1, 2], "households": [[2]]},
        {"rule": "kin", "households": [[0], [1]]},
        {"rule": "share", "slots": [0, 1], "least": 1},
    ]
    path = written(tmp_path / "rules.json", json.dumps({"couplings": rules}))
    assert read_couplings(path) == (
        Together((0, 1), ((0,), (1, 2))),
        Apart((1, 2), ((2,),)),
        Kin(((0,), (1,))),
        Share((0, 1), 1),
    )


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"rule": "love"}, r"couplings\[0\] must be an object whose rule is one of together"),
        ({"rule": ["kin"]}, r"couplings\[0\] must be an object"),
        ({"rule": "kin"}, r"couplings\[0\]: kin must have households and nothing else"),
        ({"rule": "kin", "households": [[0], 1]}, r"couplings\[0\].households\[1\] must be a list"),
        ({"rule": "kin", "households": 1}, r"couplings\[0\].households must be a list of households"),
        ({"rule": "share", "slots": [0, "x"], "least": 1}, r"couplings\[0\].slots\[1\] is \"x\""),
        ({"rule": "share", "slots": [0], "least": None}, r"couplings\[0\].least\[0\] is null"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(tmp_path, rule, sentence):
    with pytest.raises(ValueError, match=sentence):
        read_couplings(written(tmp_path / "rules.json", json.dumps({"couplings": [rule]})))


@pytest.mark.parametrize(
    ("claim", "wrong"),
    [
        ({"objective": 13, "status": "optimal"}, {}),
        ({"objective": 12}, {"objective": "it is 13, the plan says 12"}),
        ({"objective": None}, {"objective": "it is 13, the plan says null"}),
        (
            {"status": "infeasible", "objective": None},
            {"status": "the plan says infeasible, and it is a plan"},
        ),
        ({"status": "best"}, {"status": 'the plan says "best": it is one of optimal, stopped, infeasible'}),
        ({"status": ["optimal"]}, {"status": 'the plan says ["optimal"]: it is one of '
                                             "optimal, stopped, infeasible"}),
    ],
)  # fmt: skip
def test_the_headline_of_a_plan_is_checked(tmp_path, claim, wrong):
    case = read(INSTANCES / "assign4.txt")
    plan = plan_as_dict(case, solve(case.problem))
    path = written(tmp_path / "plan.json", json.dumps(plan | claim))
    assert check_plan(path, case).violations == wrong


def test_who_is_left_out_of_a_file_that_wants_all_covered_is_found(tmp_path):
    case = read(INSTANCES / "infeasible.min")
    plan = plan_as_dict(case, solve(case.problem))
    assert (plan["status"], plan["objective"]) == ("infeasible", None)
    report = check_plan(written(tmp_path / "plan.json", json.dumps(plan)), case)
    assert list(report.violations) == ["complete"]
    assert "lacks 1 helpers, and none may be lacking" in report.violations["complete"]


def test_rules_that_cannot_be_kept_may_be_called_infeasible(tmp_path):
    case, rules = read(INSTANCES / "household.json"), [Share((0, 1, 2), 0)]
    plan = plan_as_dict(case, solve(case.problem)) | {"status": "infeasible", "objective": None}
    path = written(tmp_path / "plan.json", json.dumps(plan))
    assert "status" in check_plan(path, case).violations
    assert check_plan(path, case, rules).passed


@pytest.mark.parametrize(("name", "objective"), [("assign4.txt", 13), ("bipartite.min", 9)])
def test_every_figure_of_a_plan_counts_costs_as_the_file_does(tmp_path, name, objective):
    case = read(INSTANCES / name)
    assert case.offset
    solution = solve(case.problem)
    plan = plan_as_dict(case, solution)
    assert {plan[figure] for figure in ("objective", "cost", "weight", "bound")} == {objective}
    path = written(tmp_path / "plan.json", json.dumps(plan))
    assert check_plan(path, case).passed
    again = read_plan(path, case)
    assert (again.cost, again.weight, again.bound) == (solution.cost, solution.weight, solution.bound)
