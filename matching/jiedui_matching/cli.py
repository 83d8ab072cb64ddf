"""The command line: solve, check and explain problems in files, and measure the solvers.

Exit status 0: answered, and every check passed. 1: answered, but the problem has no answer, the plan
is not proven or a check failed. 2: the files or the words could not be understood. 130: Ctrl-C.
"""

import argparse
import math
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from jiedui_matching.bench import machine, make_ready, measure
from jiedui_matching.check import check_pairs
from jiedui_matching.couplings import Coupling, validate
from jiedui_matching.formats import FORMATS, Case, FlowNetwork, read
from jiedui_matching.formats.plan import check_plan, plan_as_dict, read_plan, write_plan
from jiedui_matching.formats.rules import read_couplings
from jiedui_matching.general_flow import solve_network
from jiedui_matching.isolated import Stop
from jiedui_matching.solve import LARGEST_SEED, SOLVERS, solve, solve_fully

_DONE, _NO, _WRONG, _INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; what went wrong is one sentence on stderr."""
    args = _parser().parse_args(argv)
    try:
        if "json" in args:
            _test(args.json)
        status: int = args.run(args)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return _say("interrupted", _INTERRUPTED)
    except BrokenPipeError:
        # Whoever read along has seen enough; nothing more may be written to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _DONE
    except (ValueError, ArithmeticError, RuntimeError, OSError, MemoryError, ModuleNotFoundError) as error:
        return _say(_sentence(error), _WRONG)


def _solve(args: argparse.Namespace) -> int:
    case = _read(args)
    couplings = _couplings(args, case)
    with _listening() as ears:
        if isinstance(case, Case):
            make_ready(args.solver, coupled=bool(couplings))
        ears.give(args.seconds)
        with _about(args.file):
            plan = _answer(case, args, couplings, ears.stop)
    print(f"status     {plan['status']}")
    if plan["objective"] is not None:
        print(f"objective  {plan['objective']}")
    if "bound" in plan and plan["status"] == "stopped":
        print(f"bound      {plan['bound']} with what is uncovered weighed in")
        print(f"gap        {plan['weight'] - plan['bound']} of {plan['weight']}")
    print(f"solver     {plan['solver']} ({plan['solver_version']})")
    print(f"seconds    {plan['seconds']:.3f}")
    for tier, count in plan.get("uncovered", {}).items():
        print(f"uncovered  {count} of tier {tier}")
    if args.json:
        write_plan(plan, args.json)
    if ears.interrupted:
        return _say("interrupted: this is what there was", _INTERRUPTED)
    return _DONE if plan["status"] == "optimal" else _NO


def _answer(
    case: Case | FlowNetwork, args: argparse.Namespace, couplings: Sequence[Coupling], stop: Stop
) -> dict[str, Any]:
    if isinstance(case, Case):
        solution = solve(case.problem, solver=args.solver, stop=stop, seed=args.seed, couplings=couplings)
        return plan_as_dict(case, solution)
    if args.solver not in ("auto", "ortools_flow"):
        raise ValueError(f"{args.solver} solves pairings, and this network is none: choose ortools_flow")
    flow = vars(solve_network(case, stop))
    return flow | {"carried": flow["carried"].tolist()}


class _Ears:
    """A stop rule: it says yes once time is up or Ctrl-C was heard."""

    def __init__(self) -> None:
        self._until, self.interrupted = math.inf, False

    def give(self, seconds: float | None) -> None:
        if seconds is not None:
            self._until = time.monotonic() + seconds

    def stop(self) -> bool:
        return self.interrupted or time.monotonic() >= self._until

    def hear(self, *_: object) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True


@contextmanager
def _listening() -> Iterator[_Ears]:
    """Ctrl-C asks the solver to stop and give what it has; a second one ends everything."""
    ears = _Ears()
    before = signal.signal(signal.SIGINT, ears.hear)
    try:
        yield ears
    finally:
        signal.signal(signal.SIGINT, before)


def _check(args: argparse.Namespace) -> int:
    case = _pairing(args)
    couplings = _couplings(args, case)
    with _about(args.plan):
        report = check_plan(args.plan, case, couplings)
    for each in report.checks:
        print(f"{each.name:10} {each.violation or 'ok'}")
    if couplings:
        print("optimal    not checked: no prices prove a plan best that keeps couplings")
    return _DONE if report.passed else _NO


def _explain(args: argparse.Namespace) -> int:
    # Imported here: it brings the compiler along.
    from jiedui_matching.formats.explanation import explanation_as_dict, plan_behind, sentences

    case = _pairing(args)
    with _about(args.file):
        for slot in args.slot or ():
            if not 0 <= slot < case.problem.slots:
                raise ValueError(f"slot is {slot}: there are {case.problem.slots} slots")
    given = best = solve_fully(case.problem, solver=args.solver)
    with _about(args.plan or args.file):
        if args.plan:
            given = replace(read_plan(args.plan, case, best.prices), prices=best.prices)
            for violation in check_pairs(case.problem, given).violations.values():
                raise ValueError(violation)
        plan = plan_behind(case.problem, given)
    explanation = explanation_as_dict(plan, case.shift)
    if args.slot:
        for name in ("pairs", "left_out"):
            explanation[name] = [each for each in explanation[name] if each["slot"] in args.slot]
    for sentence in sentences(explanation):
        print(sentence)
    if args.json:
        write_plan(explanation, args.json)
    return _DONE


def _read(args: argparse.Namespace) -> Case | FlowNetwork:
    with _about(args.file):
        return read(args.file, args.format)


def _pairing(args: argparse.Namespace) -> Case:
    case = _read(args)
    if isinstance(case, FlowNetwork):
        raise ValueError(f"{args.file}: a general network: it can be solved, not {args.command}ed")
    return case


def _couplings(args: argparse.Namespace, case: Case | FlowNetwork) -> tuple[Coupling, ...]:
    if args.couplings is None:
        return ()
    if isinstance(case, FlowNetwork):
        raise ValueError(f"{args.file}: a general network has no couplings")
    with _about(args.couplings):
        couplings = read_couplings(args.couplings)
        validate(case.problem, couplings)
        return couplings


@contextmanager
def _about(path: Path) -> Iterator[None]:
    """What is wrong is told with the file that it is wrong in."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _test(output: Path | None) -> None:
    """Raises OSError where nothing can be written, before anybody works for it."""
    if output is None or output.is_fifo():
        return
    there = output.exists()
    output.open("ab").close()
    if not there:
        output.unlink()


def _bench(args: argparse.Namespace) -> int:
    # Imported here: scipy is needed for nothing else.
    from jiedui_matching.instances import county

    problem = county(
        args.slots,
        args.volunteers,
        places_per_slot=args.places,
        nearest=args.nearest,
        seed=args.seed,
    )
    where = machine()
    print("; ".join(f"{name} {value}" for name, value in where.items()))
    print(f"{problem.slots} slots, {problem.volunteers} volunteers, {problem.arcs} arcs, {args.runs} runs")
    timings = measure(problem, args.solvers.split(","), args.runs)
    print(f"times: how often faster than {timings[0].solver}")
    print(f"{'solver':16} {'median s':>9} {'least':>9} {'most':>9} {'times':>7}")
    for each in timings:
        ratio = timings[0].median / each.median
        low, high = min(each.seconds), max(each.seconds)
        print(f"{each.solver:16} {each.median:9.3f} {low:9.3f} {high:9.3f} {ratio:7.2f}")
    best = timings[0].solution
    print(f"all agree: cost {best.cost}, {sum(best.uncovered.values())} uncovered")
    if args.json:
        seconds = {each.solver: each.seconds for each in timings}
        write_plan({"machine": where, "seconds": seconds, "cost": best.cost}, args.json)
    return _DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m jiedui_matching", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    problem = argparse.ArgumentParser(add_help=False)
    problem.add_argument("file", metavar="FILE", type=Path, help="the problem")
    problem.add_argument("--format", choices=FORMATS, help="told by the file's beginning if left out")
    output = argparse.ArgumentParser(add_help=False)
    output.add_argument("--json", metavar="OUT", type=Path, help="write the answer to this file")
    solver = argparse.ArgumentParser(add_help=False)
    solver.add_argument("--solver", choices=("auto", *SOLVERS), default="auto")

    rules = argparse.ArgumentParser(add_help=False)
    rules.add_argument("--couplings", metavar="RULES", type=Path, help="JSON: rules that couple choices")

    command = commands.add_parser(
        "solve", parents=[problem, solver, rules, output], help="find the best plan"
    )
    command.add_argument("--seconds", type=_number, help="stop after this time with what there is")
    command.add_argument("--seed", type=_seed, default=0, help="for ortools_cpsat, which draws lots")
    command.set_defaults(run=_solve)
    command = commands.add_parser("check", parents=[problem, rules], help="check a plan without trusting it")
    command.add_argument("plan", metavar="SOLUTION", type=Path, help='JSON with at least "pairs"')
    command.set_defaults(run=_check)
    command = commands.add_parser(
        "explain", parents=[problem, solver, output], help="say why, why not, and what would help"
    )
    command.add_argument("plan", metavar="SOLUTION", type=Path, nargs="?", help="solved anew if left out")
    command.add_argument("--slot", type=int, action="append", help="only this slot; may be repeated")
    command.set_defaults(run=_explain)
    command = commands.add_parser("bench", parents=[output], help="measure the solvers against each other")
    command.add_argument("--slots", type=int, default=5000)
    command.add_argument("--volunteers", type=int, help="half as many as slots if left out")
    command.add_argument("--places", type=_number, default=1.1, help="places per slot")
    command.add_argument("--nearest", type=int, default=20, help="volunteers each slot may be paired with")
    command.add_argument("--runs", type=_count, default=5)
    command.add_argument("--seed", type=_seed, default=0)
    command.add_argument("--solvers", default="ortools_flow,prices", help="separated by commas")
    command.set_defaults(run=_bench)
    return parser


def _count(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r}: must be 1 or more")
    return int(word)


def _seed(word: str) -> int:
    if not word.isdecimal() or len(word) > 10 or int(word) > LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"{word[:40]!r}: must be 0 to {LARGEST_SEED}")
    return int(word)


def _number(word: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{word[:40]!r}: must be a number, 0 or more")
    return number


def _sentence(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is needed for this and is not installed"
    if isinstance(error, MemoryError):
        return "not enough memory for this problem"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _say(sentence: str, status: int) -> int:
    # One line, whatever a name in a file holds.
    print(f"jiedui_matching: {' '.join(sentence.split())}", file=sys.stderr)
    return status
