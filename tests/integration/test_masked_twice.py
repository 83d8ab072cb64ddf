"""Masking stands twice, in Python and in the database, and hides the same of ten thousand names."""

import random
from collections import Counter

import pytest

from jiedui.accounts.tables import Account
from jiedui.store.masked import _DOUBLE_SURNAMES, NOTHING, hidden, masked_name, surname

pytestmark = pytest.mark.usefixtures("db")

MASKS = {"masked_name": masked_name, "hidden": hidden}
ALONE = (
    "",
    " ",
    "　",
    "\t",
    "张",
    "欧",
    "欧阳",
    "阳欧",
    "X",
    "—",
    "*",
    "张*",
    "'",
    "%",
    "🙂",
    "👩‍👧",
    "e\u0301",
    "\ufeff",
)
LETTERS = (
    "张王李赵刘陈杨黄周吴徐孙朱马胡郭林何高梁罗郑谢宋唐许邓冯韩曹欧阳司马上官诸葛东方皇甫尉迟公孙慕容"
    "令狐徒夏侯宇文长端木南宫独孤轩辕𠮷㐂·· 　ABCxyzéßİıŁ'\"\\%_*—-.,;\n\t🙂👩\u200d\u0301\ufeff\u202e"
)


def _a_name(chance: random.Random) -> str:
    given = "".join(chance.choice(LETTERS) for _ in range(chance.randrange(6)))
    before = chance.choice(("", "", " ", "　", chance.choice(sorted(_DOUBLE_SURNAMES))))
    anything = "".join(map(chr, chance.sample(range(1, 0xD800), 2)))
    return before + given + chance.choice(("", "", "", anything))


async def test_python_and_the_database_hide_the_same() -> None:
    chance = random.Random(20261101)
    doubled = [surname + given for surname in _DOUBLE_SURNAMES for given in ("", "娜", "娜娜", "阳")]
    names = [*ALONE, *doubled, *(_a_name(chance) for _ in range(10_000)), None]
    asked = ", ".join(f"{mask}(t.name) AS {mask}" for mask in MASKS)
    rows = await Account.raw(f"SELECT t.name, {asked} FROM unnest({{}}::text[]) AS t (name)", names)
    assert [row["name"] for row in rows] == names
    # Where nobody is (a pair without a next best) the database says nothing, and Python a dash.
    differ = {
        (mask, row["name"], row[mask])
        for row in rows
        for mask, python in MASKS.items()
        if (row[mask] if row["name"] is not None else NOTHING) != python(row["name"])
    }
    seen = Counter(len(surname(name)) for name in names if name)
    print(f"{len(rows):,} names: surnames by length {dict(seen)}, {len(differ)} differ")
    assert differ == set()
    assert {row[mask] for row in rows if row["name"] is None for mask in MASKS} == {None}
    assert min(seen[1], seen[2]) > 1_000


async def test_nothing_of_a_name_but_the_surname_is_left_in_either() -> None:
    (row,) = await Account.raw(
        "SELECT masked_name('欧阳娜娜') AS double, masked_name('张秀英') AS single, hidden('肝病')"
    )
    assert dict(row) == {"double": "欧阳*", "single": "张*", "hidden": "***"}
    assert (masked_name("欧阳娜娜"), masked_name("张秀英"), hidden("肝病")) == ("欧阳*", "张*", "***")
