"""What the pages of an import say; the ledgers of people say most things alike."""

import msgspec

from jiedui.i18n import N_
from jiedui.ledgers import container

_XLSX = ".xlsx,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Hint(msgspec.Struct, frozen=True):
    """A sentence, and the way to where something can be done about it."""

    said: str
    path: str
    label: str


class Words(msgspec.Struct, frozen=True):
    """The sentences of one kind of ledger."""

    title: str
    back: str
    take: str
    onward: str
    file: str = N_("The workbook, saved as .xlsx")
    help: str = N_(
        "As your villages fill it in: title rows, merged townships and a footer may stay. At most {n} MB."
    )
    accept: str = _XLSX
    template: str = "template.xlsx"
    blank: str = N_("An empty workbook with the usual columns")
    empty_file: str = container.EMPTY
    too_large: str = N_("This file is larger than {n} MB. Please split the ledger by township.")
    sent: str = N_("The ledger you sent")
    reading: str = N_("The workbook is being read")
    taking: str = N_("The ledger is being taken")
    refused: str = N_("This file could not be read as a ledger")
    untouched: str = N_("Nothing was changed. The ledger is as it was.")
    thrown_away: str = N_("The file was thrown away. The ledger is as it was.")
    taken: str = N_("The ledger was taken")
    in_place: str = N_("in the ledger")
    nothing_new: str = N_("Everything in it is in the ledger already.")
