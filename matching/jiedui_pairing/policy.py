"""The policy pack: what a county may decide, read from data and checked once.

Source of the default figures: the published practice collected in docs/how-pairing-works.md.
"""

import functools
import tomllib
from importlib import resources
from typing import Annotated, Any, Literal

import msgspec

Tone = Literal["red", "orange", "yellow", "green", "blue", "grey"]
"""What pages, maps and terminals know how to paint."""
VolunteerKind = Literal["caring_mother", "women_entrepreneur", "helper"]

Whole = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
MOST_KINDS = 62
"""Kinds of support, and things that one trait may be, are bits of one number each."""


class Colour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A level of risk, which people call by its colour; a pack lists the most urgent first.

    Households keep the `code`; `words` are the ledgers' spellings, `symbol` and `tone` tell it from others at
    a glance; `call` and `visit` are the days from one contact of that kind to the next.
    """

    code: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,9}$")]
    name: dict[str, str]
    words: Annotated[list[str], msgspec.Meta(min_length=1)]
    symbol: Annotated[str, msgspec.Meta(min_length=1, max_length=2)]
    tone: Tone
    call: Positive
    visit: Positive

    def called(self, language: str = "zh_CN") -> str:
        """Its name in a language."""
        return self.name.get(language, self.name["zh_CN"])


class Eligibility(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may be paired at all: ages in years, checks in days, distances in metres."""

    record_check_days: Positive
    minor_age: Positive
    road_factor: Annotated[float, msgspec.Meta(gt=0)]
    max_distance_m: Positive
    remote_kinds: list[str]


class Cost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a pair costs beside its distance, in metre-equivalents."""

    need_unmet: Whole
    preferred_skill_missing: Whole
    other_helper: Whole
    load_step: Whole


class StagePolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Households of these colours, or of all, have up to so many helpers after this stage; each but the first
    stage gives one more to who has one already."""

    name: dict[str, str]
    helpers: Positive
    colours: tuple[str, ...] = ()


class ConsentPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days each side has to answer, and days a household is left in peace once it wants no helper."""

    volunteer_answer_days: Positive
    household_answer_days: Positive
    rest_days: Positive


class Levels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a level above the county does itself: whether a city runs its rounds, and so sees its people."""

    city_runs_rounds: bool = False


class Vetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether checks that a county's own registration table states count, or wait for a person of it."""

    trusts_county_ledger: bool = False


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of support; with required skills it counts as offered only by those who have one."""

    code: str
    name: dict[str, str]
    words: list[str]
    required_skills: list[str] = []
    preferred_skills: list[str] = []


class Skill(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A skill, known by its Chinese name; `words` are other spellings."""

    name: dict[str, str]
    words: list[str] = []


class MoreTrait(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something a county also writes down of people, for a rule to read (traits.py).

    `households` and `volunteers` are the headers of its columns; `words` the spellings of each thing that may
    stand there, the main one first.
    """

    code: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z_]{0,19}$")]
    words: Annotated[
        list[Annotated[list[Annotated[str, msgspec.Meta(max_length=30)]], msgspec.Meta(min_length=1)]],
        msgspec.Meta(min_length=1, max_length=MOST_KINDS),
    ]
    households: list[str] = []
    volunteers: list[str] = []

    def __post_init__(self) -> None:
        spellings = [word for thing in self.words for word in thing]
        twice = sorted({word for word in spellings if spellings.count(word) > 1})
        if twice:
            raise ValueError(f"{self.code} means two things by {twice[0]}")

    def main(self, word: str) -> str | None:
        """How the thing that a ledger names with this word is kept, or None."""
        return next((thing[0] for thing in self.words if word in thing), None)

    def header(self, of: str) -> str:
        """What people call it: how its column is usually headed."""
        return next(iter(getattr(self, of)), self.code)


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of a county's policy."""

    name: str
    version: Positive
    colour: Annotated[list[Colour], msgspec.Meta(min_length=1, max_length=9)]
    eligibility: Eligibility
    cost: Cost
    consent: ConsentPolicy
    capacity: dict[VolunteerKind, Positive]
    stage: Annotated[list[StagePolicy], msgspec.Meta(min_length=1)]
    kind: list[Kind]
    skill: list[Skill]
    levels: Levels = Levels()
    more: list[MoreTrait] = []
    vetting: Vetting = Vetting()

    def __post_init__(self) -> None:
        for what, codes in (
            ("further traits", [trait.code for trait in self.more]),
            ("colours", [colour.code for colour in self.colour]),
            ("colours' words", [word for colour in self.colour for word in colour.words]),
        ):
            if len(set(codes)) < len(codes):
                raise ValueError(f"two of the {what} are the same")
        for stage in self.stage:
            if unknown := set(stage.colours) - set(self.colours):
                raise ValueError(f"a stage is for the colour {min(unknown)}, which is not listed")

    @property
    def colours(self) -> tuple[str, ...]:
        """The codes of its colours, the most urgent first."""
        return tuple(colour.code for colour in self.colour)

    def knows_colour(self, code: str) -> bool:
        """Whether a household's colour is one of this policy's."""
        return code in self.colours

    def rank(self, code: str) -> int:
        """How urgent a colour is, 0 most: so is one that the policy does not know, for it may be anything."""
        return self.colours.index(code) if code in self.colours else 0

    def colour_for(self, code: str) -> Colour:
        """The colour that a household with this code counts as."""
        return self.colour[self.rank(code)]

    def tier(self, code: str) -> int:
        """What covering one household of a colour weighs: the less urgent it is the less, at least 1."""
        return len(self.colour) - self.rank(code)

    def stage_colours(self, number: int) -> tuple[str, ...]:
        """The colours whose households a stage is for, from 1 on."""
        return self.stage[number - 1].colours or self.colours

    @property
    def ratio(self) -> int:
        """Helpers a household gets unless its ledger asks for more."""
        return self.stage[0].helpers

    def stage_name(self, number: int, language: str = "zh_CN") -> str:
        """What the helpers of a stage are called, from 1 on; its number if the policy has no such stage."""
        if not 1 <= number <= len(self.stage):
            return str(number)
        names = self.stage[number - 1].name
        return names.get(language, names["zh_CN"])

    def kind_of(self, code: str) -> Kind:
        """The kind with this code; KeyError if the catalogue has none."""
        for kind in self.kind:
            if kind.code == code:
                return kind
        raise KeyError(code)

    def kind_code(self, word: str) -> str | None:
        """The code of the kind a ledger names with this word, or None."""
        return next((k.code for k in self.kind if word in k.words), None)

    def kind_name(self, code: str, language: str = "zh_CN") -> str:
        """The kind's name in a language; the code itself if the catalogue has lost it."""
        try:
            names = self.kind_of(code).name
        except KeyError:
            return code
        return names.get(language, names["zh_CN"])

    def skill_name(self, skill: str, language: str = "zh_CN") -> str:
        """The skill's name in a language; skills are stored by their Chinese name."""
        names = next((s.name for s in self.skill if s.name["zh_CN"] == skill), {})
        return names.get(language, skill)

    def colour_of(self, word: str) -> str | None:
        """The code of the colour that a ledger names with this word, or None."""
        return next((colour.code for colour in self.colour if word in colour.words), None)


def from_data(data: dict[str, Any]) -> Pack:
    """A checked pack. Raises ValueError naming the field that is wrong."""
    try:
        data = _with_stages(data) if "helpers" in data else data
        return msgspec.convert(_with_colours(data) if "colours" in data else data, Pack)
    except msgspec.ValidationError as error:
        raise ValueError(f"policy pack: {error}") from error


@functools.cache
def standard() -> Pack:
    """The newest version of the policy that ships with the product."""
    text = resources.files("jiedui_pairing").joinpath("packs/standard-1.toml").read_text("utf-8")
    return from_data(tomllib.loads(text))


class _Helpers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How packs said it before stages were a list: a stored version is never changed."""

    ratio: Positive
    max_helpers: Positive
    second_helper_colours: list[str]


def _with_stages(data: dict[str, Any]) -> dict[str, Any]:
    old = msgspec.convert(data["helpers"], _Helpers)
    first = {"name": {"zh_CN": "第一位帮扶人", "en": "First helper"}, "helpers": old.ratio}
    second = {
        "name": {"zh_CN": "第二位帮扶人", "en": "Second helper"},
        "helpers": old.max_helpers,
        "colours": old.second_helper_colours,
    }
    stages = [first, second] if old.max_helpers > 1 else [first]
    return {name: part for name, part in data.items() if name != "helpers"} | {"stage": stages}


def _with_colours(data: dict[str, Any]) -> dict[str, Any]:
    """From when there were these three, with their words, weights and days in two tables of the pack."""
    colours = [
        {
            "code": code,
            "name": {"zh_CN": zh, "en": en},
            "words": words["words"],
            "symbol": symbol,
            "tone": code,
            **data["cadence"][code],
        }
        for code, zh, en, symbol in (
            ("red", "红", "Red", "●"),
            ("yellow", "黄", "Yellow", "▲"),
            ("green", "绿", "Green", "■"),
        )
        for words in [data["colours"][code]]
    ]
    rest = {name: part for name, part in data.items() if name not in ("colours", "cadence")}
    return rest | {"colour": colours}
