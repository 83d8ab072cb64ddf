"""What reading a ledger found: every row is accepted or rejected, and each finding names its cell."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any, Generic, Literal, TypeVar

import msgspec

Level = Literal["rejected", "warning", "note"]
Record = TypeVar("Record", bound=msgspec.Struct)


class Finding(msgspec.Struct, frozen=True):
    """One thing to tell the clerk. `reason` and `hint` are msgids; `params` fill both.

    A rejected row was not taken; a warned one was, as far as it was understood; a note is about no row.
    """

    cell: str
    reason: str
    level: Level
    row: int | None = None
    hint: str = ""
    params: dict[str, Any] = {}

    @property
    def sentence(self) -> str:
        """The reason in English, its places filled."""
        return self.reason.format(**self.params)


class UnknownHeader(msgspec.Struct, frozen=True):
    """A header that no known wording matches: a county may say once what it means."""

    cell: str
    text: str


class Report(msgspec.Struct, frozen=True):
    """The counts of one reading; `rows == accepted + the rejected`."""

    rows: int
    accepted: int
    findings: list[Finding]

    @property
    def rejected(self) -> dict[str, int]:
        """How many rows were refused, by reason."""
        return self._count("rejected")

    @property
    def warnings(self) -> dict[str, int]:
        """How many cells of accepted rows were not fully understood, by reason."""
        return self._count("warning")

    def as_data(self) -> dict[str, Any]:
        """The report as `--report` writes it."""
        return {
            "rows": self.rows,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "warnings": self.warnings,
            "details": [{"cell": f.cell, "reason": f.sentence, "level": f.level} for f in self.findings],
        }

    def _count(self, level: Level) -> dict[str, int]:
        return dict(Counter(finding.sentence for finding in self.findings if finding.level == level))


class Reading(msgspec.Struct, Generic[Record], frozen=True):
    """The records of a ledger with the report on how they were read."""

    records: Sequence[Record]
    report: Report
    unknown_headers: list[UnknownHeader] = []


def row_fingerprint(record: msgspec.Struct, key: bytes = b"") -> str:
    """A stable hash of what a row says, wherever it stands: unchanged means nothing to save.

    Pass a secret `key` where the fingerprint is stored: without one, whoever reads it could guess the person.
    """
    content = {name: value for name, value in msgspec.structs.asdict(record).items() if name != "cell"}
    return hashlib.blake2b(
        msgspec.json.encode(content, order="sorted"), key=key[:64], digest_size=32
    ).hexdigest()
