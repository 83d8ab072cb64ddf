"""What the pages of an import say, by what is imported."""

import msgspec

from jiedui.i18n import N_
from jiedui.ledgers import container, regions

_XLSX = ".xlsx,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Words(msgspec.Struct, frozen=True):
    """The sentences of one kind; the ledgers of people say most things alike."""

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


WORDS = {
    "households": Words(
        title=N_("Import a ledger of households"),
        back=N_("All households"),
        take=N_("Take {n} households into the ledger"),
        onward=N_("To the households"),
    ),
    "volunteers": Words(
        title=N_("Import a ledger of volunteers"),
        back=N_("All volunteers"),
        take=N_("Take {n} volunteers into the ledger"),
        onward=N_("To the volunteers"),
    ),
    "regions": Words(
        title=N_("Import the region list"),
        back=N_("All regions"),
        take=N_("Take {n} regions into the list"),
        onward=N_("To the regions"),
        file=N_("The region list, saved as .csv"),
        help=N_(
            "One region a line: 12-digit code, name, level, and latitude and longitude where they are known."
            " A region that is not in the file stays. UTF-8 or GB 18030, at most {n} MB."
        ),
        accept=".csv,text/csv",
        template="template.csv",
        blank=N_("An empty list with the usual columns"),
        empty_file=regions.EMPTY,
        too_large=N_("This file is larger than {n} MB. Please split the region list by county."),
        sent=N_("The region list you sent"),
        reading=N_("The region list is being read"),
        taking=N_("The region list is being taken"),
        refused=N_("This file could not be read as a region list"),
        untouched=N_("Nothing was changed. The regions are as they were."),
        thrown_away=N_("The file was thrown away. The regions are as they were."),
        taken=N_("The region list was taken"),
        in_place=N_("taken"),
        nothing_new=N_("All of it is known already."),
    ),
}
