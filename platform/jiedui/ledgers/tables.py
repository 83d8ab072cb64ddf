"""Imports of ledgers: what was read, what changed, and which headers a county has explained."""

from piccolo.columns import JSONB, Bytea, Text
from piccolo.constraints import Unique
from piccolo.table import Table

from jiedui.jobs.tables import ASKED
from jiedui.store.columns import area, belongs_to, key, moment, one_of, reference, rule, word

KINDS = ("regions", "households", "volunteers")


class LedgerImport(Table, tablename="ledger_import"):
    """One file: asked to be read in a dry run first, asked to be applied when an officer says so."""

    id = key()
    kind = word(20)
    region_code = area()
    file_hash = word(64)
    content = Bytea(null=True, default=None)
    """The file, sealed, until it is applied or discarded."""
    state = word(10)
    """Of what was asked last; ready means read, or applied."""
    decision = word(10)
    """What an officer decided: applied, discarded, or nothing yet."""
    error = Text(default="")
    report = JSONB(default="{}")
    changes = JSONB(default="{}")
    """{"new": n, "changed": n, "same": n}: forecast while undecided, fact once applied."""
    unknown_headers = JSONB(default="[]")
    created_at = moment()
    finished_at = moment(null=True)
    applied_at = moment(null=True)
    created_by = reference()

    kind_known = one_of("kind", KINDS)
    state_known = one_of("state", ASKED)
    decision_known = one_of("decision", ("", "applied", "discarded"))


class HeaderWord(Table, tablename="header_word"):
    """A header wording that a county has explained once."""

    id = key()
    kind = word(20)
    region_code = area()
    header = word(80)
    field = word(40)
    created_at = moment()

    explained_once = Unique([kind, region_code, header])


class LedgerChange(Table, tablename="ledger_change"):
    """A row of a ledger before and after an import: history is never destroyed."""

    id = key()
    ledger_import = belongs_to(LedgerImport)
    subject_kind = word(20)
    subject_id = reference(null=False, index=True)
    region_code = area()
    cell = word(40)
    before = Bytea(null=True, default=None)
    after = Bytea(null=True, default=None)
    """Both sealed: they hold a person's life."""
    at = moment()

    subject_known = one_of("subject_kind", ("household", "volunteer"))


class Claim(Table, tablename="claim"):
    """A row of a ledger about somebody whom another area's ledger has: held for the level above both.

    The area that claims her is not told; to it the row was taken like any other.
    """

    id = key()
    subject_kind = word(20)
    subject_id = reference(null=False, index=True)
    person_key = word(64, index=True)
    """Keyed hash of the identity number, as in the ledgers."""
    village = word(12)
    """Where the claiming ledger says that she lives."""
    region_code = area()
    """The area of whoever decides: the smallest one that holds both."""
    facts = Bytea()
    """What the claiming ledger says of her; sealed."""
    fingerprint = word(64)
    ledger_import = belongs_to(LedgerImport)
    cell = word(40)
    state = word(10, index=True)
    created_at = moment()
    decided_at = moment(null=True)
    decided_by = reference()

    claimed_once = Unique([subject_kind, person_key, village])
    claimable = one_of("subject_kind", ("household", "volunteer"))
    claim_state_known = one_of("state", ("open", "moved", "duplicate", "mistake"))
    decided_is_dated = rule('("state" = \'open\') = ("decided_at" IS NULL)')
