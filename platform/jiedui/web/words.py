"""How dates, distances and numbers are said to people; pure functions."""

from datetime import date, datetime, timedelta

from jiedui import clock
from jiedui.i18n import N_, translate
from jiedui.policies.force import in_force

_VOLUNTEER_KINDS = {
    "caring_mother": N_("Caring mother"),
    "women_entrepreneur": N_("Women entrepreneur"),
    "helper": N_("Helper"),
}
ROLES = {
    "coordinator": N_("Coordinator"),
    "vetting_officer": N_("Vetting officer"),
    "safeguarding_officer": N_("Safeguarding officer"),
    "auditor": N_("Auditor"),
    "administrator": N_("Administrator"),
    "reader": N_("Reader of figures"),
}
"""What people call the roles of the staff."""
_MONTHS = "January,February,March,April,May,June,July,August,September,October,November,December".split(",")  # noqa: SIM905


def day_of(value: date | datetime) -> date:
    """The calendar day here; a moment is stored in UTC."""
    return clock.today(value) if isinstance(value, datetime) else value


def date_people(value: date | datetime | None, *, today: date, language: str) -> str:
    """今天, 3天前, 6月1日; the year only when it is another one."""
    if value is None:
        return "—"
    day = day_of(value)
    days = (day - today).days
    near = {0: N_("today"), -1: N_("yesterday"), 1: N_("tomorrow")}.get(days)
    if near:
        return translate(language, near)
    if -7 <= days < 0:
        return translate(language, N_("{n} days ago"), n=-days)
    if 0 < days <= 7:
        return translate(language, N_("in {n} days"), n=days)
    return date_long(day, language=language, with_year=day.year != today.year)


def date_long(value: date | datetime, *, language: str, with_year: bool = True) -> str:
    """2026年6月1日, 1 June 2026."""
    day = day_of(value)
    if language == "en":
        return f"{day.day} {_MONTHS[day.month - 1]}" + (f" {day.year}" if with_year else "")
    return (f"{day.year}年" if with_year else "") + f"{day.month}月{day.day}日"


def date_exact(value: date | datetime | None) -> str:
    """2026-06-01 or 2026-06-01 14:05, for hover and print."""
    if value is None:
        return ""
    return (
        f"{value.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"
        if isinstance(value, datetime)
        else value.isoformat()
    )


def km(metres: float | None, *, language: str) -> str:
    """Metres as kilometres with one decimal."""
    if metres is None:
        return "—"
    return translate(language, N_("{n} km"), n=f"{metres / 1000:,.1f}")


def number(value: float | None) -> str:
    """1,952"""
    return "—" if value is None else f"{value:,}"


def percent(part: float, whole: float) -> str:
    """87 % as people read it; never 100 % unless it is all."""
    if not whole:
        return "—"
    share = 100 * part / whole
    return "100%" if part == whole else f"{min(share, 99.9):.1f}".rstrip("0").rstrip(".") + "%"


def colour_name(colour: str, *, language: str) -> str:
    """红, 黄, 绿; of one that the policy in force does not know also how it is taken."""
    pack = in_force()
    name = pack.colour_for(colour).called(language)
    if pack.knows_colour(colour):
        return name
    return translate(language, N_("{code}: not in the policy, taken for {colour}"), code=colour, colour=name)


def colour_symbol(colour: str) -> str:
    """●, ▲, ■"""
    return in_force().colour_for(colour).symbol


def colour_tone(colour: str) -> str:
    """How style sheets call what it is painted in."""
    return in_force().colour_for(colour).tone


def colour_options(*, language: str) -> list[tuple[str, str]]:
    """The colours to choose from, the most urgent first."""
    return [(one.code, f"{one.symbol} {one.called(language)}") for one in in_force().colour]


def volunteer_kind_name(kind: str, *, language: str) -> str:
    """爱心妈妈, 女企业家, 爱心人士."""
    return translate(language, _VOLUNTEER_KINDS[kind])


def kind_name(code: str, *, language: str) -> str:
    """The name of a kind of support in the catalogue."""
    return in_force().kind_name(code, language)


def skill_name(skill: str, *, language: str) -> str:
    """The name of a skill in the catalogue."""
    return in_force().skill_name(skill, language)


def duration(span: timedelta, *, language: str) -> str:
    """How long something takes, in the one unit that matters."""
    seconds = max(0, round(span.total_seconds()))
    if seconds < 90:
        return translate(language, N_("{n} seconds"), n=seconds)
    if seconds < 5400:
        return translate(language, N_("{n} minutes"), n=round(seconds / 60))
    return translate(language, N_("{n} hours"), n=round(seconds / 3600))
