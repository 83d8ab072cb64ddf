"""The demonstration county: imports Fengdu's synthetic ledgers, runs its round, makes one login per role."""

from collections.abc import MutableMapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

from jiedui.actor import Actor
from jiedui.clock import SHANGHAI, SHIFT, machine_now, utc_now
from jiedui.commands.terminal import console, import_watched, print_import, print_plan, run_plan_watched
from jiedui.errors import NotFound, Refused
from jiedui.i18n import N_, say

COUNTY = "500230000000"
DATED = date(2026, 11, 1)
EXAMPLES = Path(__file__).parents[3] / "examples" / "fengdu"
FILES = (
    ("regions", "regions.csv", N_("Reading the region tree")),
    ("households", "households.xlsx", N_("Reading the households' ledger")),
    ("volunteers", "volunteers.xlsx", N_("Reading the volunteers' ledger")),
)
PASSPHRASE = "fengdu-demo-2026"  # noqa: S105 -- for synthetic people on one machine, printed on purpose


def hold_clock(data_dir: Path, environ: MutableMapping[str, str]) -> None:
    """Let the demonstration begin in the morning of its ledgers' day, whenever it was first started here."""
    first_start = data_dir / "demonstration"
    if not first_start.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        first_start.write_text(machine_now().isoformat(), encoding="ascii")
    began = datetime.fromisoformat(first_start.read_text(encoding="ascii").strip())
    held = datetime.combine(DATED, time(9), SHANGHAI) - began
    environ[SHIFT] = str(held // timedelta(seconds=1))


async def prepare() -> None:
    """Everything up to serving; what is already there is left as it is, so a second start takes seconds."""
    from jiedui.plans.document import plan_document
    from jiedui.rounds.service import newest_plan

    actor = Actor.system()
    await _refuse_real_people()
    await _import_ledgers(actor)
    plan_id = await newest_plan(actor, COUNTY, DATED)
    if plan_id is None:
        _, plan_id = await run_plan_watched(actor, COUNTY, DATED, "standard")
    print_plan(await plan_document(actor, plan_id))
    await _print_logins(actor, plan_id)


async def _refuse_real_people() -> None:
    """Synthetic people and a printed passphrase have no place in a database that is in use."""
    from jiedui.households.tables import Household
    from jiedui.ledgers.service import already_applied
    from jiedui.wiring import LEDGERS

    if await Household.exists() and not await already_applied(
        LEDGERS["households"], EXAMPLES / "households.xlsx"
    ):
        raise Refused(
            N_(
                "This database holds people already: the demonstration starts only in an empty one."
                " Set JIEDUI_DATA."
            )
        )


async def _import_ledgers(actor: Actor) -> None:
    from jiedui.ledgers.service import already_applied
    from jiedui.wiring import LEDGERS

    for kind, name, words in FILES:
        path = EXAMPLES / name
        if not path.exists():
            raise Refused(N_("{path} is missing: run this from a complete checkout."), path=path)
        if await already_applied(LEDGERS[kind], path):
            continue
        console.print(f"[bold]{say(words)}[/bold]")
        print_import(await import_watched(actor, kind, path, dry_run=False), dry_run=False)


async def _print_logins(actor: Actor, plan_id: UUID) -> None:
    from jiedui.accounts.staff import add_staff, staff_login_exists

    staff = (
        ("administrator", "admin", N_("Administrator of the demonstration")),
        ("coordinator", "fengdu", N_("Coordinator of Fengdu county")),
    )
    only = say(N_("Synthetic people only. One login per role:"))
    console.print(f"[bold]{only}[/bold]")
    for role, login, name in staff:
        if not await staff_login_exists(login):
            await add_staff(
                actor,
                role=role,
                login=login,
                passphrase=PASSPHRASE,
                name=say(name),
                region_code=COUNTY,
                now=utc_now(),
            )
        console.print(f"  {say(name)}: {login} / {PASSPHRASE}")
    console.print(
        "  " + say(N_("Volunteer: telephone {telephone}; her code is in the administrator's message console"),
                   telephone=await _telephone(plan_id))
    )  # fmt: skip


async def _telephone(plan_id: UUID) -> str:
    """A volunteer's of the plan, so that whoever logs in with it finds a proposal once it is published."""
    from jiedui.rounds.tables import Candidate
    from jiedui.store.vault import unseal

    her = Candidate.volunteer
    query = Candidate.select(her.phone).where(Candidate.plan == plan_id, her.phone.is_not_null())
    row = await query.order_by(her.number).first()
    if row is None:
        raise NotFound
    return unseal(row["volunteer.phone"], "volunteer.phone")
