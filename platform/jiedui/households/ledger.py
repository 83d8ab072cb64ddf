"""The ledger of households, as ledgers/ takes it."""

from jiedui.households import policy
from jiedui.households.headers import EXAMPLE, PROFILE, TITLE
from jiedui.households.reading import read_households
from jiedui.households.service import forecast_records, household_cards, move_household, save_records
from jiedui.i18n import N_
from jiedui.ledgers.ledger import Ledger, Subject
from jiedui.ledgers.template import template_workbook
from jiedui.ledgers.words import Words
from jiedui.policies.force import in_force
from jiedui.regions.villages import HINTS, nothing_to_find, with_villages


def _template() -> bytes:
    colours = in_force().colour
    return template_workbook(
        HOUSEHOLDS.fields, TITLE, EXAMPLE | {"colour": colours[len(colours) // 2].words[0]}
    )


HOUSEHOLDS = Ledger(
    kind="households",
    access=policy.DEEDS["save"],
    words=Words(
        title=N_("Import a ledger of households"),
        back=N_("All households"),
        take=N_("Take {n} households into the ledger"),
        onward=N_("To the households"),
    ),
    file_name="ledger.xlsx",
    read=with_villages(read_households),
    forecast=forecast_records,
    save=save_records,
    template=_template,
    profile=PROFILE,
    hints=HINTS,
    first=nothing_to_find,
    subject=Subject("household", household_cards, move_household),
)
