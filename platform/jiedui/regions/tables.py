"""The region table."""

from piccolo.columns import DoublePrecision, Varchar
from piccolo.table import Table

from jiedui.store.columns import one_of, rule, word

LEVELS = ("province", "city", "county", "township", "village")


class Region(Table, tablename="region"):
    """One area of GB/T 2260 and the statistics bureau's codes: 2+2+2+3+3 digits."""

    code = Varchar(length=12, primary_key=True)
    name = word(80)
    short_name = word(80, index=True)
    """As people write it: 回龙村 for 回龙村村民委员会."""
    initials = word(80, index=True)
    """Pinyin initials of the short name, for the type-ahead."""
    level = word(10)
    lat = DoublePrecision(null=True, default=None)
    lng = DoublePrecision(null=True, default=None)
    position_source = word(80)

    level_known = one_of("level", LEVELS)
    code_is_digits = rule("\"code\" ~ '^[0-9]{12}$'")
    placed_or_not = rule('("lat" IS NULL) = ("lng" IS NULL)')
