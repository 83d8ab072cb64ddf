"""What stands for a person's data wherever nobody has asked for it with a purpose: 张*, 138****1234.

A masked value is text like any other, in a page, a file or a document, and the clear one is not in it:
only a reveal (jiedui.accounts.reveals) reads that, from the database. Names are masked there already,
by a function of the same name; what is sealed is masked here, when it is unsealed.
"""

NOTHING = "—"
_STARS = "***"
_DOUBLE_SURNAMES = frozenset(
    "欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 夏侯 宇文 长孙 端木 南宫 独孤 轩辕".split()  # noqa: SIM905
)


class Masked(str):
    """Text about a person as everybody may read it; made by this module alone."""

    __slots__ = ()

    @property
    def known(self) -> bool:
        """Whether there is anything behind it."""
        return self != NOTHING


def surname(name: str) -> str:
    """张 of 张秀英, 欧阳 of 欧阳娜娜; of a name of another kind its first letter."""
    return name[:2] if name[:2] in _DOUBLE_SURNAMES else name[:1]


def masked_name(name: str | None) -> Masked:
    """张*; a double surname stays whole."""
    return Masked(surname(name) + "*" if name else NOTHING)


def masked_phone(phone: str | None) -> Masked:
    """138****1234."""
    if not phone:
        return Masked(NOTHING)
    return Masked(f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 11 else "****")


def masked_identity(number: str | None) -> Masked:
    """4301**********12."""
    if not number:
        return Masked(NOTHING)
    return Masked(f"{number[:4]}**********{number[-2:]}" if len(number) >= 15 else "****")


def hidden(text: str | None) -> Masked:
    """An illness, a remark: only that there is one."""
    return Masked(_STARS if text else NOTHING)
