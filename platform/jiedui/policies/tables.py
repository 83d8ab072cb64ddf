"""Policy packs as rows, so that a pair can point to the version it was made under."""

from piccolo.columns import JSONB, Integer
from piccolo.constraints import Unique
from piccolo.table import Table

from jiedui.store.columns import key, moment, word


class PolicyPack(Table, tablename="policy_pack"):
    """One version of a policy; never changed once stored."""

    id = key()
    name = word(40)
    version = Integer()
    body = JSONB()
    created_at = moment()

    one_body_per_version = Unique([name, version])
