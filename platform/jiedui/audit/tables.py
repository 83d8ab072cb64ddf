"""The audit table; rows are only ever added."""

from piccolo.columns import JSONB
from piccolo.table import Table

from jiedui.store.columns import area, key, moment, reference, word


class AuditEntry(Table, tablename="audit_entry"):
    """One deed: who, in which role, did what to which thing; never with personal data in it."""

    id = key()
    at = moment()
    account_id = reference()
    role = word(20)
    action = word(60)
    subject_kind = word(40)
    subject_id = word(64, index=True)
    region_code = area()
    detail = JSONB(default="{}")
