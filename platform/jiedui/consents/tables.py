"""The consent ledger."""

from piccolo.table import Table

from jiedui.store.columns import area, key, moment, one_of, reference, word


class Consent(Table, tablename="consent"):
    """Somebody agreed to something: which text, in which version, how and when; or took it back."""

    id = key()
    subject_kind = word(20)
    subject_id = reference(null=False, index=True)
    purpose = word(40)
    text_version = word(20)
    given_by = word(20)
    """self, guardian, or the coordinator who heard it."""
    how = word(20)
    given_at = moment()
    withdrawn_at = moment(null=True)
    region_code = area()

    subject_known = one_of("subject_kind", ("volunteer", "household", "pair"))
    how_known = one_of("how", ("online", "link", "call", "in_person", "ledger"))
    given_by_known = one_of("given_by", ("self", "guardian", "coordinator"))
