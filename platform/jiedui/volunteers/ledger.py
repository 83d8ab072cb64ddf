"""The ledger of volunteers, as ledgers/ takes it."""

from jiedui.i18n import N_
from jiedui.ledgers.ledger import Ledger, Subject
from jiedui.ledgers.template import template_workbook
from jiedui.ledgers.words import Hint, Words
from jiedui.regions.villages import HINTS, nothing_to_find, with_villages
from jiedui.volunteers import policy
from jiedui.volunteers.headers import EXAMPLE, PROFILE, TITLE
from jiedui.volunteers.intake import forecast_records, save_records
from jiedui.volunteers.reading import read_volunteers
from jiedui.volunteers.service import move_volunteer, volunteer_cards


def _template() -> bytes:
    return template_workbook(VOLUNTEERS.fields, TITLE, EXAMPLE)


VOLUNTEERS = Ledger(
    kind="volunteers",
    access=policy.DEEDS["save"],
    words=Words(
        title=N_("Import a ledger of volunteers"),
        back=N_("All volunteers"),
        take=N_("Take {n} volunteers into the ledger"),
        onward=N_("To the volunteers"),
    ),
    file_name="ledger.xlsx",
    read=with_villages(read_volunteers),
    forecast=forecast_records,
    save=save_records,
    template=_template,
    profile=PROFILE,
    hints=HINTS,
    afterwards=Hint(
        N_("Checks that the ledger states count once somebody of the county has confirmed them."),
        "/volunteers/stated?import={id}",
        N_("To the checks it states"),
    ),
    first=nothing_to_find,
    subject=Subject("volunteer", volunteer_cards, move_volunteer),
)
