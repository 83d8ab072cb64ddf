"""What the command line shows people: progress while it works, and results as small tables."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from jiedui.actor import Actor
from jiedui.clock import machine_now, utc_now
from jiedui.errors import recalled
from jiedui.i18n import N_, of_terminal, say
from jiedui.policies.force import in_force
from jiedui.web.words import colour_name

if TYPE_CHECKING:
    from jiedui.ledgers.service import ImportResult

_TELL_SECONDS = 0.1
_STYLES = {"orange": "dark_orange", "grey": "bright_black"}
"""What the terminal calls a policy's tones, where it is another word."""
console = Console(highlight=False, soft_wrap=True)


async def import_watched(actor: Actor, kind: str, path: Path, *, dry_run: bool) -> "ImportResult":
    """Import a ledger and show how far it is."""
    from jiedui.ledgers.service import import_file
    from jiedui.wiring import LEDGERS

    with _bar() as tell:

        async def on(step: str, done: int, total: int) -> None:
            tell(step, done, total)

        return await import_file(actor, LEDGERS[kind], path, dry_run=dry_run, now=utc_now(), on=on)


async def run_plan_watched(actor: Actor, region: str, dated: date, policy: str) -> tuple[UUID, UUID]:
    """Open a round, run a plan of it here or in a worker that is faster, and show how far it is.

    One that was begun and cut short is gone on with.
    """
    from jiedui.jobs.service import latest_job, run_one
    from jiedui.rounds.service import open_round, plan_in_work, queue_plan
    from jiedui.worker import HANDLERS

    round_id = await open_round(actor, region, dated, policy, utc_now())
    plan_id = await plan_in_work(actor, round_id) or await queue_plan(actor, round_id, utc_now())
    working: asyncio.Task[bool] | None = None
    try:
        with _bar() as tell:
            while (job := await latest_job(plan_id)) and job["state"] in ("queued", "running"):
                tell(job["step"] or N_("Pairing"), job["done_units"], job["total_units"])
                # A task each time: should the other worker die, its job is taken over here.
                working = working or asyncio.create_task(run_one(HANDLERS, "terminal", machine_now()))
                if (await asyncio.wait([working], timeout=_TELL_SECONDS))[0]:
                    busy, working = working.result(), None
                    await asyncio.sleep(0 if busy else _TELL_SECONDS)
        if working is not None:
            await working
    except BaseException:  # Ctrl-C too
        if working is not None:  # its job is put back; what it ends with says no more than this
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
        raise
    if job is None or job["state"] != "done":
        raise recalled(job["error"] if job else "")
    return round_id, plan_id


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar with words while the block works, where a person watches; gives what to tell it."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None)

        def tell(step: str, done: int, total: int) -> None:
            bar.update(task, description=say(step), completed=done, total=total or None)

        yield tell


def print_import(result: "ImportResult", *, dry_run: bool) -> None:
    """What an import read, refused and changed."""
    report, changes = result.report, result.changes
    console.print(
        say(N_("{rows} rows: {accepted} accepted, {rejected} rejected"), rows=report.rows,
            accepted=report.accepted, rejected=sum(report.rejected.values()))
    )  # fmt: skip
    for level, counts in ((N_("rejected"), report.rejected), (N_("warning"), report.warnings)):
        for reason, n in sorted(counts.items(), key=lambda item: -item[1]):
            console.print(f"  {n:5}  {say(level)}: {say(reason)}")
    tense = N_("Would be: {new} new, {changed} changed, {same} unchanged") if dry_run else (
        N_("{new} new, {changed} changed, {same} unchanged")
    )  # fmt: skip
    console.print(say(tense, new=changes.new, changed=changes.changed, same=changes.same))


def print_plan(document: dict[str, Any]) -> None:
    """A plan on one screen: coverage by colour, distances, cost, seconds, proof."""
    for stage in document["stages"]:
        console.print(_stage_table(stage), _stage_line(stage), "", sep="\n")
    certificate = document["certificate"]
    passed = [name for name, ok in certificate["checks"].items() if ok]
    console.print(
        say(
            N_("{status} · {solver} · {passed} of {all} independent checks passed"),
            status=document["status"],
            solver=document["solver"],
            passed=len(passed),
            all=len(certificate["checks"]),
        )
    )


def _stage_table(stage: dict[str, Any]) -> Table:
    language = of_terminal()
    title = say(N_("Stage {n} · {name}"), n=stage["stage"], name=stage["name"][language])
    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False, min_width=60)
    table.add_column(say(N_("Colour")))
    table.add_column(say(N_("Covered")), justify="right")
    table.add_column(say(N_("Wanted")), justify="right")
    table.add_column(say(N_("Share")), justify="right")
    for colour, (covered, wanted) in stage["covered"].items():
        level = in_force().colour_for(colour)
        label = f"{level.symbol} {colour_name(colour, language=language)}"
        share = f"{100 * covered / wanted:.1f} %" if wanted else "–"
        table.add_row(label, f"{covered:,}", f"{wanted:,}", share, style=_STYLES.get(level.tone, level.tone))
    return table


def _stage_line(stage: dict[str, Any]) -> str:
    distances = sorted(pair["distance_m"] for pair in stage["pairs"])
    if not distances:
        return ""
    return say(
        N_(
            "{pairs} pairs · mean {mean:.3f} km, median {median:.1f} km, farthest {far:.1f} km"
            " · cost {cost} · {seconds:.1f} s"
        ),
        pairs=f"{len(distances):,}",
        mean=sum(distances) / len(distances) / 1000,
        median=distances[len(distances) // 2] / 1000,
        far=distances[-1] / 1000,
        cost=f"{stage['cost']:,}",
        seconds=stage["seconds"],
    )
