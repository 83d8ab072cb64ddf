"""Keeping packs: stored once per version, read by rounds and pairs."""

import json
from datetime import datetime

import msgspec

from jiedui.errors import NotFound
from jiedui.i18n import N_
from jiedui.policies.force import VARIABLE, in_force
from jiedui.policies.tables import PolicyPack
from jiedui.settings import SettingsError
from jiedui_pairing.policy import Pack, from_data, standard


async def store_packs(now: datetime) -> None:
    """Make the shipped pack and the one in force known to this database; a stored version is never changed.

    Raises SettingsError if the one in force says something else than its version that is stored.
    """
    for pack in (standard(), in_force()):
        row = PolicyPack(
            name=pack.name,
            version=pack.version,
            body=json.dumps(msgspec.to_builtins(pack), ensure_ascii=False),
            created_at=now,
        )
        await PolicyPack.insert(row).on_conflict(action="DO NOTHING")
    own = in_force()
    if own is not standard() and await pack_named(own.name, own.version) != own:
        raise SettingsError(
            N_("{name}: version {version} of {policy} is stored already and says something else; "
               "give what the file says now a new version"),
            name=VARIABLE, version=own.version, policy=own.name,
        )  # fmt: skip


async def pack_named(name: str, version: int | None = None) -> Pack:
    """The pack of a name in a version, by default its newest. Raises NotFound."""
    query = PolicyPack.select(PolicyPack.body).where(PolicyPack.name == name)
    if version is not None:
        query = query.where(PolicyPack.version == version)
    row = await query.order_by(PolicyPack.version, ascending=False).first()
    if row is None:
        raise NotFound(N_("There is no policy called {name}."), name=name)
    return from_data(json.loads(row["body"]))
