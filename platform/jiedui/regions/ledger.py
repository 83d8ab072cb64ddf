"""The official region list, as ledgers/ takes it."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from jiedui.actor import Actor
from jiedui.i18n import N_
from jiedui.ledgers.export import to_csv
from jiedui.ledgers.header import Profile
from jiedui.ledgers.ledger import Ledger
from jiedui.ledgers.report import Reading
from jiedui.ledgers.saving import OnProgress, Saved, one_import_at_a_time
from jiedui.ledgers.words import Words
from jiedui.regions import policy
from jiedui.regions.reading import EMPTY, HEADERS, RegionRecord, read_regions
from jiedui.regions.service import forecast_regions, save_regions
from jiedui.regions.tables import Region

_KIND = "regions"


async def _read(
    actor: Actor,
    path: Path,
    *,
    mapping: Mapping[str, str],
    others: Sequence[Profile],
    now: datetime,
) -> Reading[RegionRecord]:
    known = {row["code"] for row in await Region.select(Region.code)}
    return await asyncio.to_thread(read_regions, path, known=known, area=actor.region_code)


async def _forecast(actor: Actor, records: Sequence[Any]) -> Saved:
    return Saved(await forecast_regions(actor, records), [])


async def _save(
    actor: Actor,
    records: Sequence[Any],
    import_id: UUID,
    now: datetime,
    progress: OnProgress | None = None,
) -> Saved:
    await one_import_at_a_time(_KIND)
    return Saved(await save_regions(actor, records, now), [])


def _template() -> bytes:
    """The headers, and an example whose code is no region's, so that it is never taken."""
    header = [next(word for word in words if not word.isascii()) for words in HEADERS.values()]
    return to_csv(header, [("000000000000", "示例村村民委员会", "村", "29.9", "107.7", "示例")])


REGIONS = Ledger(
    kind=_KIND,
    access=policy.DEEDS["save"],
    words=Words(
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
        empty_file=EMPTY,
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
    file_name="regions.csv",
    read=_read,
    forecast=_forecast,
    save=_save,
    template=_template,
)
