"""The way from a base backup: which pieces of the log lead to its end, put where PostgreSQL reads them."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pyrage import x25519

from jiedui.backups.errors import BackupRefused
from jiedui.backups.pieces import SIZE, Piece, number_of, pieces_in, unsealed
from jiedui.i18n import N_

_BLOCK = 2**16


@dataclass(frozen=True)
class Way:
    """The pieces that lead on from a backup, and the one without which they end before the last there is."""

    timeline: int
    pieces: list[Piece]
    least: int
    """So many of them lead to where the backup's rows were counted."""
    histories: list[Piece]
    missing: str | None


def way_from(
    folder: Path, system: str, included: str, counted: str, key: x25519.Identity, timeline: int | None = None
) -> Way:
    """After the last piece that a backup of this cluster includes; along the newest timeline, if not told."""
    mine = {piece.name: piece for piece in pieces_in(folder) if piece.system == system}
    archived = [name for name, piece in mine.items() if piece.is_log]
    histories = [piece for piece in mine.values() if not piece.is_log]
    begun, number = int(included[:8], 16), number_of(included)
    way = [(begun, 0)]
    for piece in histories:
        later = int(piece.name[:8], 16)
        ancestors = _ancestors(unsealed(piece, folder / piece.file, key))
        leads_on = dict(ancestors).get(begun, -1) >= number and timeline in (None, later)
        if leads_on and any(name.startswith(f"{later:08X}") for name in archived):
            starts = [0, *(at for _, at in ancestors)]
            way = list(zip([*(its for its, _ in ancestors), later], starts, strict=True))
    if timeline not in (None, way[-1][0]):
        raise BackupRefused(N_("No timeline {number} leads on from this backup."), number=timeline)
    last = max([number_of(counted), *(n for name in archived if name == _name(way, n := number_of(name)))])
    least = number_of(counted) - number
    pieces: list[Piece] = []
    while (name := _name(way, number := number + 1)) in mine:
        pieces.append(mine[name])
    return Way(way[-1][0], pieces, least, histories, name if number <= last else None)


def put_back(pieces: Iterable[Piece], folder: Path, key: x25519.Identity, to: Path) -> None:
    """The folder's pieces in clear, under PostgreSQL's names. Raises BackupRefused at one that is damaged."""
    for piece in pieces:
        _write_sparsely(to / piece.name, unsealed(piece, folder / piece.file, key))


def _write_sparsely(path: Path, content: bytes) -> None:
    """Most of a piece that was archived before it was full is empty, and takes no room so."""
    with path.open("wb") as file:
        for at in range(0, len(content), _BLOCK):
            block = content[at : at + _BLOCK]
            if block.count(0) == len(block):
                file.seek(len(block), os.SEEK_CUR)
            else:
                file.write(block)
        file.truncate(len(content))


def _ancestors(history: bytes) -> list[tuple[int, int]]:
    """Each timeline before, and the number of the piece in which it was left."""
    found = []
    for line in history.decode(errors="replace").splitlines():
        words = line.split()
        if words and not words[0].startswith("#"):
            high, low = (int(part, 16) for part in words[1].split("/"))
            found.append((int(words[0]), (high << 32 | low) // SIZE))
    return found


def _name(way: list[tuple[int, int]], number: int) -> str:
    """Of the piece with this number, on the timeline that is the way's there."""
    timeline = [its for its, start in way if start <= number][-1]
    high, low = divmod(number, 2**32 // SIZE)
    return f"{timeline:08X}{high:08X}{low:08X}"
