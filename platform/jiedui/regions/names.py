"""How people write and type the name of a region: its short form and its pinyin initials."""

import itertools
import unicodedata

from pypinyin import Style, lazy_pinyin, pinyin

_LONGEST = 80
_READINGS = 8
_OFFICES = {"村民委员会": "村", "村委会": "村", "居民委员会": "", "居委会": ""}
_DISTINGUISHED = ("村", "社区", "居")


def short_name(name: str) -> str:
    """回龙村 for 回龙村村民委员会; names without an office behind them stay as they are."""
    name = unicodedata.normalize("NFKC", name).strip()
    for office, kind in _OFFICES.items():
        stem = name.removesuffix(office)
        if stem and stem != name:
            return stem if stem.endswith(_DISTINGUISHED) else stem + kind
    return name


def initials(name: str) -> str:
    """Pinyin initials of a name, the likely reading first, then those of characters read in several ways.

    长坡村 gives "cpc zpc": nobody has to know which one we think is right.
    """
    likely = "".join(syllable[:1] for syllable in lazy_pinyin(name, style=Style.NORMAL)).lower()
    letters = [
        list(dict.fromkeys(reading[:1].lower() for reading in readings))
        for readings in pinyin(name, style=Style.NORMAL, heteronym=True)
    ]
    found = dict.fromkeys([likely])
    for combination in itertools.product(*letters):
        if len(found) == _READINGS:
            break
        found["".join(combination)] = None
    text = ""
    for reading in found:
        if len(text) + 1 + len(reading) > _LONGEST and text:
            break
        text = f"{text} {reading}".strip()
    return text[:_LONGEST]
