"""The command line answers on stdout, complains in one sentence on stderr, and its status says which."""

import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from commands import PATIENCE, children, wait_until

from jiedui_matching import Problem, solve
from jiedui_matching.bench import measure
from jiedui_matching.cli import main
from jiedui_matching.formats.arrays import read_json, write_json, write_npz
from jiedui_matching.formats.rules import read_couplings
from jiedui_matching.instances import county
from jiedui_matching.isolated import run_isolated

INSTANCES = Path(__file__).parents[1] / "instances" / "matching"


@pytest.fixture
def run(capfd):
    """Run one command and give its status, its words by their first word, and what it complained of."""

    def run(*words):
        status = main([str(word) for word in words])
        said, complaint = capfd.readouterr()
        return status, dict(line.split(None, 1) for line in said.splitlines() if " " in line), complaint

    return run


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Takes OR-Tools some seconds."""
    path = tmp_path_factory.mktemp("large") / "large.npz"
    write_npz(county(25_000, nearest=100), path)
    return path


@pytest.mark.parametrize("solver", ["auto", "prices", "ortools_flow", "ortools_cpsat"])
@pytest.mark.parametrize(
    ("name", "objective"), [("assign4.txt", "13"), ("household.json", "84"), ("bipartite.min", "9")]
)
def test_every_solver_prints_the_optimum_of_every_format(run, solver, name, objective):
    status, said, complaint = run("solve", INSTANCES / name, "--solver", solver)
    assert (status, said["status"], said["objective"], complaint) == (0, "optimal", objective, "")
    assert said["solver"].startswith("" if solver == "auto" else solver)
    assert float(said["seconds"]) >= 0


def test_a_general_network_is_solved_by_the_flow_alone(run, tmp_path):
    status, said, _ = run("solve", INSTANCES / "general.min", "--json", tmp_path / "out.json")
    assert (status, said["status"], said["objective"]) == (0, "optimal", "15")
    assert json.loads((tmp_path / "out.json").read_text())["objective"] == 15
    for solver in ("prices", "ortools_cpsat"):
        status, _, complaint = run("solve", INSTANCES / "general.min", "--solver", solver)
        assert (status, complaint.count("\n")) == (2, 1)
        assert "choose ortools_flow" in complaint
    status, _, complaint = run("explain", INSTANCES / "general.min")
    assert (status, complaint.endswith("a general network: it can be solved, not explained\n")) == (2, True)


@pytest.mark.parametrize("solver", ["prices", "ortools_flow"])
def test_infeasible_is_an_answer_with_status_one(run, solver):
    status, said, complaint = run("solve", INSTANCES / "infeasible.min", "--solver", solver)
    assert (status, said["status"], complaint) == (1, "infeasible", "")
    assert "objective" not in said


def test_a_written_plan_passes_the_check_and_a_changed_one_does_not(run, tmp_path):
    problem, plan = INSTANCES / "household.json", tmp_path / "plan.json"
    assert run("solve", problem, "--json", plan)[0] == 0
    status, said, _ = run("check", problem, plan)
    assert (status, set(said.values())) == (0, {"ok"})
    given = json.loads(plan.read_text())
    plan.write_text(json.dumps(given | {"cost": given["cost"] - 1}))
    status, said, _ = run("check", problem, plan)
    assert (status, said["cost"]) == (1, "the pairs cost 84, the plan says 83")


def test_a_plan_is_explained_pair_by_pair_and_slot_by_slot(capfd, tmp_path):
    problem = INSTANCES / "household.json"
    assert main(["explain", str(problem), "--json", str(tmp_path / "why.json")]) == 0
    assert capfd.readouterr().out.splitlines() == [
        "slot 0: volunteer 0 at 10; without this pair volunteer 1, cost +10, 1 other slot changing helper",
        "slot 1: volunteer 1 at 20; without this pair volunteer 0, cost +10, 1 other slot changing helper",
        "slot 2: volunteer 1 at 50; without this pair volunteer 0, cost +15, 1 other slot changing helper",
        "slot 2: lacks 1; 3 volunteers are possible; shortage 0",
        "slot 2: one place more at volunteer 2 would do, cost +5",
        "shortage 0: slots 0, 1, 2 want 4 of volunteers 0, 1, 2, who have 3 places and alone may help",
    ]
    why = json.loads((tmp_path / "why.json").read_text())
    assert why["pairs"][0] == {
        "slot": 0, "volunteer": 0, "cost": 10, "pinned": False, "runner_up": 1, "cost_rises": 10,
        "weight_rises": 10, "loses": None, "gains": None, "moved": 1,
    }  # fmt: skip
    assert why["left_out"] == [
        {
            "slot": 2, "lacks": 1, "possible": 3, "shortage": 0,
            "one_more_place": {"volunteer": 2, "cost_rises": 5, "moved": 0},
        }
    ]  # fmt: skip
    assert why["shortages"] == [{"slots": [0, 1, 2], "volunteers": [0, 1, 2], "wanted": 4, "places": 3}]
    assert main(["explain", str(problem), "--slot", "1"]) == 0
    assert len(capfd.readouterr().out.splitlines()) == 1


def test_who_cannot_be_replaced_or_helped_is_told_so(tmp_path, capfd):
    problem = Problem(
        tier=[1, 1, 1, 1], wanted=[1, 1, 1, 1], capacity=[1, 2, 1], held=[0, 0, 0],
        arc_slot=[0, 1, 3], arc_volunteer=[0, 1, 2], arc_cost=[4, 3, 9],
        pinned=[False, True, False], tier_weight=7,
    )  # fmt: skip
    write_json(problem, tmp_path / "problem.json")
    assert main(["explain", str(tmp_path / "problem.json")]) == 0
    assert capfd.readouterr().out.splitlines() == [
        "slot 0: volunteer 0 at 4; without this pair nobody, cost -4, slot 0 has one less",
        "slot 1: volunteer 1 at 3; pinned",
        "slot 2: lacks 1; 0 volunteers are possible; shortage 0",
        "slot 3: lacks 1; 1 volunteers are possible; it would cost more than it weighs",
        "shortage 0: nobody else may help slots 2",
    ]


@pytest.mark.parametrize("solver", ["prices", "ortools_flow"])
def test_a_given_plan_is_explained_only_if_it_is_a_best_one(run, tmp_path, solver):
    problem, plan = INSTANCES / "household.json", tmp_path / "plan.json"
    assert run("solve", problem, "--solver", solver, "--json", plan)[0] == 0
    assert run("explain", problem, plan)[0] == 0
    pairs = json.loads(plan.read_text())["pairs"]
    plan.write_text(json.dumps({"pairs": pairs[1:]}))
    status, _, complaint = run("explain", problem, plan)
    assert (status, "there is a better one" in complaint) == (2, True)


def test_couplings_are_kept_checked_and_bounded(run, tmp_path):
    rules, plan, problem = tmp_path / "rules.json", tmp_path / "plan.json", INSTANCES / "household.json"
    rules.write_text('{"couplings": [{"rule": "kin", "households": [[0], [1]]}]}')
    status, said, _ = run("solve", problem, "--couplings", rules, "--json", plan)
    # Volunteer 1 alone has room for both households of kin; then nobody is left for the third.
    assert (status, said["status"], said["objective"]) == (0, "optimal", str(30 + 20 + 4 + 45))
    written = json.loads(plan.read_text())
    assert written["bound"] == written["weight"] > written["cost"]
    status, said, _ = run("check", problem, plan, "--couplings", rules)
    assert (status, said["couplings"], said["bound"]) == (0, "ok", "ok")
    assert said["optimal"].startswith("not checked")
    assert run("solve", problem, "--json", plan)[0] == 0
    status, said, _ = run("check", problem, plan, "--couplings", rules)
    assert (status, said["couplings"].startswith("couplings[0]: volunteer 0 helps only one")) == (1, True)
    status, _, complaint = run("solve", problem, "--couplings", rules, "--solver", "prices")
    assert (status, complaint) == (2, "jiedui_matching: prices knows no couplings: choose ortools_cpsat\n")


def test_rules_that_cannot_be_kept_are_infeasible(run, tmp_path):
    rules = tmp_path / "rules.json"
    rules.write_text(
        '{"couplings": [{"rule": "share", "slots": [0, 1, 2], "least": 3},'
        ' {"rule": "apart", "volunteers": [0, 1], "households": [[0, 1, 2]]}]}'
    )
    status, said, _ = run("solve", INSTANCES / "household.json", "--couplings", rules)
    assert (status, said["status"]) == (1, "infeasible")


def test_the_bench_says_where_it_measured_and_that_all_agree(run, tmp_path):
    status, said, _ = run("bench", "--slots", "300", "--runs", "2", "--json", tmp_path / "bench.json")
    assert status == 0
    assert "ortools" in said["machine"]
    assert said["ortools_flow"].split()[-1] == "1.00"
    assert "prices" in said
    measured = json.loads((tmp_path / "bench.json").read_text())
    assert [len(seconds) for seconds in measured["seconds"].values()] == [2, 2]


def test_solvers_that_disagree_are_not_compared(monkeypatch):
    def other(problem, *, solver, couplings=()):
        return solve(problem if solver == "ortools_flow" else county(30, nearest=2))

    monkeypatch.setattr("jiedui_matching.bench.solve_fully", other)
    with pytest.raises(ArithmeticError, match="disagree"):
        measure(county(40, nearest=3), ["ortools_flow", "prices"], 1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["solve", "nowhere.json"], "nowhere.json: No such file or directory"),
        (["solve", "{here}"], "here: Is a directory"),
        (["solve", "{bad}"], "bad: line 2: 'x' is not a whole number"),
        (["solve", "{bad}", "--format", "dimacs-min"], "bad: line 1: begins with '2'"),
        (["check", "{good}", "{bad}"], "bad: Extra data"),
        (["solve", "{good}", "--couplings", "{good}"], "household.json: couplings must be a list of rules"),
        (["solve", "{good}", "--json", "/nowhere/out"], "/nowhere/out: No such file or directory"),
        (["explain", "{good}", "--slot", "3"], "household.json: slot is 3: there are 3 slots"),
        (["explain", "{good}", "--slot", "-5"], "household.json: slot is -5: there are 3 slots"),
        (["explain", "{good}", "{bad}"], "bad: Extra data"),
        (["solve", "{good}", "--couplings", "{rules}"], "rules: couplings[0]: slot 7: there are 3 slots"),
        (["check", "{good}", "{bad}", "--couplings", "{rules}"], "rules: couplings[0]: slot 7"),
        (["bench", "--nearest", "0"], "nearest is 0: it must be at least 1"),
        (["bench", "--slots", "20", "--solvers", "magic"], "solver is 'magic': choose auto or one of"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_status_two(run, tmp_path, words, sentence):
    (tmp_path / "bad").write_text("2\n1 x")
    (tmp_path / "here").mkdir()
    (tmp_path / "rules").write_text('{"couplings": [{"rule": "share", "slots": [7], "least": 1}]}')
    names = {name: tmp_path / name for name in ("bad", "here", "rules")}
    names["good"] = INSTANCES / "household.json"
    status, _, complaint = run(*(word.format(**names) for word in words))
    assert (status, complaint.count("\n")) == (2, 1)
    assert complaint.startswith("jiedui_matching: ") and sentence in complaint


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "required: command"),
        (["solve"], "required: FILE"),
        (["solve", "f", "--solver", "magic"], "argument --solver: invalid choice: 'magic'"),
        (["solve", "f", "--seed", "99999999999"], "argument --seed: '99999999999': must be 0 to 2147483647"),
        (["solve", "f", "--seed", "2147483648"], "argument --seed: '2147483648': must be 0 to 2147483647"),
        (["solve", "f", "--seconds", "abc"], "argument --seconds: 'abc': must be a number, 0 or more"),
        (["solve", "f", "--seconds", "-1"], "argument --seconds"),
        (["bench", "--runs", "0"], "argument --runs: '0': must be 1 or more"),
        (["bench", "--seed", "-1"], "argument --seed"),
        (["bench", "--places", "nan"], "argument --places: 'nan': must be a number, 0 or more"),
        (["bench", "--places", "inf"], "argument --places: 'inf'"),
    ],
)
def test_words_that_make_no_command_are_status_two(capfd, words, sentence):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert sentence in capfd.readouterr().err


@pytest.mark.parametrize("seed", [-1, 2**31])
def test_a_seed_that_the_solver_cannot_draw_from_is_refused(seed):
    problem = read_json(INSTANCES / "household.json")
    assert solve(problem, solver="ortools_cpsat", seed=2**31 - 1).cost == 84
    with pytest.raises(ValueError, match=f"seed is {seed}: it must be 0 to 2147483647"):
        solve(problem, solver="ortools_cpsat", seed=seed)


@pytest.mark.parametrize(
    ("pairs", "violation"),
    [
        ([[0, 0], [1, 1], [2, 1], [0, 2]], "pairs[3] is [0, 2]: these two cannot be paired"),
        ([[0, 0], [1, 1], [9, 9]], "pairs[2] is [9, 9]: these two cannot be paired"),
        ([[0, 0], [1, 1], [2, 1], [2, 1]], "slot 2 and volunteer 1 are paired 2 times"),
        ([[0, 0], [0, 1], [2, 1]], "slot 0 wants 1 helpers and gets 2"),
        ([[0, 0], [1, 0], [2, 1]], "volunteer 0 holds 0 of 1 and gets 2 more"),
    ],
)
def test_pairs_that_are_no_plan_are_not_explained(run, tmp_path, pairs, violation):
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"pairs": pairs}))
    status, said, complaint = run("explain", INSTANCES / "household.json", plan)
    assert (status, said, complaint) == (2, {}, f"jiedui_matching: {plan}: {violation}\n")


def test_a_plan_without_a_pinned_pair_is_not_explained(run, tmp_path):
    problem, plan = json.loads((INSTANCES / "household.json").read_text()), tmp_path / "plan.json"
    problem["pinned"] = [False] * 6 + [False]
    problem["pinned"][1] = True
    (tmp_path / "pinned.json").write_text(json.dumps(problem))
    plan.write_text('{"pairs": [[0, 0], [1, 1], [2, 1]]}')
    status, _, complaint = run("explain", tmp_path / "pinned.json", plan)
    assert (status, complaint) == (2, f"jiedui_matching: {plan}: arc 1 is pinned and not in the plan\n")


def test_a_shortage_is_told_once_and_in_few_words(capfd, tmp_path):
    size = 2000
    problem = Problem(
        tier=np.ones(size, dtype=int), wanted=np.ones(size, dtype=int), capacity=[1], held=[0],
        arc_slot=np.arange(size), arc_volunteer=np.zeros(size, dtype=int), arc_cost=np.zeros(size, dtype=int),
    )  # fmt: skip
    write_json(problem, tmp_path / "problem.json")
    assert main(["explain", str(tmp_path / "problem.json")]) == 0
    said = capfd.readouterr().out
    assert said.count("shortage 0: slots 0, 1, 2, 3, 4 … want 2000 of volunteers 0, who have 1 place") == 1
    assert len(said) < 150 * size


def test_pairs_cost_in_words_what_they_cost_in_the_file(capfd):
    assert main(["explain", str(INSTANCES / "assign4.txt")]) == 0
    costs = re.findall(r" at (\d+);", capfd.readouterr().out)
    assert sum(map(int, costs)) == 13


@pytest.mark.parametrize("command", ["explain", "check", "bench"])
def test_an_interrupt_ends_every_other_command_at_once(monkeypatch, run, large, command, tmp_path):
    (tmp_path / "plan.json").write_text('{"pairs": []}')
    words = {
        "explain": [large, "--solver", "ortools_flow"],
        "check": [large, tmp_path / "plan.json"],
        "bench": ["--slots", "25000", "--solvers", "ortools_flow"],
    }
    asked = []

    def interrupted(problem, **options):
        if not asked and problem.slots > 1:
            asked.append(time.monotonic())
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        return solve(problem, **options)

    monkeypatch.setattr(sys.modules["jiedui_matching.solve"], "solve", interrupted)
    status, said, complaint = run(command, *words[command])
    assert (status, complaint) == (130, "jiedui_matching: interrupted\n")
    assert asked and not said.keys() & {"slot", "arcs", "ortools_flow"}


def test_getting_ready_with_rules_is_not_part_of_the_time_given(run, tmp_path):
    rules = tmp_path / "rules.json"
    rules.write_text('{"couplings": [{"rule": "kin", "households": [[0], [1]]}]}')
    words = ["solve", str(INSTANCES / "household.json"), "--couplings", str(rules), "--seconds", "9"]
    program = (
        "import sys; from jiedui_matching import cli\n"
        "def solve(*arguments, **options):\n"
        "    print('loaded' if 'numba' in sys.modules else 'not yet', file=sys.stderr)\n"
        "    raise ValueError\n"
        f"cli.solve = solve; cli.main({words})"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert done.stderr.splitlines()[0] == "loaded"


@pytest.mark.parametrize("words", [["solve", "--solver", "prices"], ["explain"]])
def test_what_is_not_installed_is_named(words):
    command, *options = words
    program = (
        "import sys; sys.modules['numba'] = None; from jiedui_matching.cli import main\n"
        f"sys.exit(main({[command, str(INSTANCES / 'household.json'), *options]}))"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        2,
        "jiedui_matching: numba is needed for this and is not installed\n",
    )


def test_whether_the_answer_can_be_written_is_known_before_the_work(monkeypatch, run, tmp_path):
    def never(*arguments, **options):
        raise AssertionError("solved for nothing")

    monkeypatch.setattr("jiedui_matching.cli.solve", never)
    status, _, complaint = run("solve", INSTANCES / "household.json", "--json", tmp_path)
    assert (status, complaint) == (2, f"jiedui_matching: {tmp_path}: Is a directory\n")


def test_an_answer_that_was_there_stays_until_there_is_another(run, tmp_path):
    (tmp_path / "old.json").write_text("{}")
    for name in ("old.json", "new.json"):
        assert run("solve", tmp_path / "nothing.json", "--json", tmp_path / name)[0] == 2
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("old.json", "{}")]


def test_a_problem_may_come_through_a_pipe():
    done = subprocess.run(
        [sys.executable, "-m", "jiedui_matching", "solve", "/dev/stdin"],
        input=(INSTANCES / "assign4.txt").read_text(), check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "objective  13\n" in done.stdout


def test_a_network_that_no_solver_can_count_is_one_sentence_with_its_file(run, tmp_path):
    path = tmp_path / "net.min"
    arcs = [f"a {node} {node + 1} 0 {2**62 - 1} 1" for node in (1, 2)] * 9
    path.write_text("\n".join(["p min 3 18", "n 1 1", "n 3 -1", *arcs]))
    status, _, complaint = run("solve", path)
    assert (status, complaint.count("\n")) == (2, 1)
    assert complaint.startswith(
        f"jiedui_matching: {path}: capacity[0] is {2**62 - 1}: too large for OR-Tools"
    )


@pytest.mark.parametrize("solver", ["prices", "ortools_flow", "ortools_cpsat"])
def test_a_time_limit_ends_any_solver_with_a_bound(run, large, solver, tmp_path):
    plan = tmp_path / "plan.json"
    status, said, complaint = run("solve", large, "--solver", solver, "--seconds", "0.2", "--json", plan)
    assert (status, said["status"], complaint) == (1, "stopped", "")
    written = json.loads(plan.read_text())
    assert said["bound"] == f"{written['bound']} with what is uncovered weighed in"
    assert said["gap"] == f"{written['weight'] - written['bound']} of {written['weight']}"
    assert 0 <= written["bound"] < written["weight"]
    status, said, _ = run("check", large, plan)
    assert [name for name, word in said.items() if word != "ok"] == ["optimal"]
    assert said["status"] == "ok"
    assert "may be saved" in said["optimal"]


@pytest.mark.parametrize("solver", ["ortools_flow", "ortools_cpsat"])
def test_the_terminals_interrupt_ends_a_solver_in_its_own_process(large, solver):
    command = [sys.executable, "-m", "jiedui_matching", "solve", str(large), "--solver", solver]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        wait_until(lambda: children(process.pid))
        # A terminal sends it to the whole group.
        os.killpg(process.pid, signal.SIGINT)
        said, complaint = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert said.startswith("status     stopped\n")
    assert complaint == "jiedui_matching: interrupted: this is what there was\n"


def test_a_solver_does_not_outlive_whoever_asked_it():
    endless = (
        "import time; from jiedui_matching.isolated import run_isolated\n"
        "run_isolated(lambda stop: print('up', flush=True) or time.sleep(3600), lambda: False)"
    )
    with subprocess.Popen([sys.executable, "-c", endless], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"up\n"
        (solving,) = children(process.pid)
        process.kill()
    wait_until(lambda: not Path(f"/proc/{solving}").exists())


@pytest.mark.parametrize("solver", ["prices", "ortools_flow", "ortools_cpsat"])
def test_one_interrupt_ends_any_solver_with_what_there_is(monkeypatch, run, large, solver):
    def interrupted(*arguments, **options):
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        return solve(*arguments, **options)

    monkeypatch.setattr("jiedui_matching.cli.solve", interrupted)
    status, said, complaint = run("solve", large, "--solver", solver)
    assert (status, said["status"]) == (130, "stopped")
    assert complaint == "jiedui_matching: interrupted: this is what there was\n"


def test_a_second_interrupt_ends_everything(monkeypatch, run):
    def deaf(*arguments, **options):
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)

    monkeypatch.setattr("jiedui_matching.cli.solve", deaf)
    status, said, complaint = run("solve", INSTANCES / "household.json")
    assert (status, said, complaint) == (130, {}, "jiedui_matching: interrupted\n")


def test_a_network_that_takes_too_long_is_stopped(run, tmp_path):
    rng = np.random.default_rng(0)
    ends = rng.integers(1, 5001, (200_000, 2))
    arcs = zip(ends.tolist(), rng.integers(1, 999, len(ends)).tolist(), strict=True)
    lines = [f"a {a} {b} 0 5 {cost}" for (a, b), cost in arcs if a != b]
    supply = [f"n {node} {5 if node <= 2500 else -5}" for node in range(1, 5001)]
    path = tmp_path / "network.min"
    path.write_text("\n".join([f"p min 5000 {len(lines)}", *supply, *lines]))
    status, said, complaint = run("solve", path, "--seconds", "0", "--json", tmp_path / "out.json")
    assert (status, said["status"], complaint) == (1, "stopped", "")
    assert "objective" not in said
    assert run("solve", path)[0] == 0


def test_work_that_listens_says_what_it_has_when_it_is_stopped():
    def work(stop):
        rounds = 0
        while not stop():
            rounds += 1
            time.sleep(0.01)
        return rounds

    asked = []
    assert run_isolated(work, lambda: len(asked) > 3 or asked.append(None)) > 0


def test_work_that_listens_to_nobody_is_ended():
    assert run_isolated(lambda stop: time.sleep(3600), lambda: True) is None
    wait_until(lambda: not multiprocessing.active_children())


def test_what_the_work_raises_is_raised_here():
    def work(stop):
        raise ValueError("tier[3] is 0")

    with pytest.raises(ValueError, match="is 0") as raised:
        run_isolated(work, lambda: False)
    assert "in work" in raised.value.__notes__[0]


def test_what_nobody_thought_of_is_raised_here_too():
    with pytest.raises(TypeError, match="takes 0 positional arguments"):
        run_isolated(lambda: None, lambda: False)


def test_a_solver_killed_from_outside_is_told():
    with pytest.raises(ChildProcessError, match="ended with -9"):
        run_isolated(lambda stop: os.kill(os.getpid(), signal.SIGKILL), lambda: False)


def test_a_reader_who_has_seen_enough_is_no_error():
    command = f"{sys.executable} -m jiedui_matching explain {INSTANCES / 'assign4.txt'} | true"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_small_example_is_the_one_of_the_other_tests():
    assert solve(read_json(INSTANCES / "household.json")).cost == 84


def blocks(kind):
    """What stands in docs/solver.md between fences of this kind."""
    text = (Path(__file__).parents[2] / "docs" / "solver.md").read_text()
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_the_manuals_problem_is_the_small_example():
    assert json.loads(blocks("json")[0]) == json.loads((INSTANCES / "household.json").read_text())


def test_the_manuals_commands_say_what_it_shows(capfd, monkeypatch, tmp_path):
    (tmp_path / "household.json").write_text(blocks("json")[0])
    monkeypatch.chdir(tmp_path)
    changing = re.compile(r"^(solver|seconds) .*\n", re.MULTILINE)
    for command, shown in re.findall(
        r"^\$ python -m jiedui_matching (.*)\n([^$]*)", blocks("console")[0], re.M
    ):
        assert main(command.split()) == 0
        assert changing.sub("", capfd.readouterr().out) == changing.sub("", shown)


def test_the_manuals_rules_are_understood(tmp_path):
    (tmp_path / "rules.json").write_text(blocks("json")[1])
    problem = read_json(INSTANCES / "household.json")
    rules = read_couplings(tmp_path / "rules.json")
    assert solve(problem, couplings=rules).status == "optimal"


def test_the_manuals_program_prints_what_it_shows(capsys):
    exec(blocks("python")[0], {})
    assert capsys.readouterr().out == blocks("text")[0]
