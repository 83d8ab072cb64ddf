"""The texts as data: which templates there are, what each must be given, how it reads."""

import functools
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LANGUAGES = ("zh_CN", "en")
GIVEN_BY_THE_INSTALLATION = frozenset({"site"})
_FOLDER = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Template:
    """One message in one language, with a text for each way it may travel."""

    name: str
    sender: str
    secret: bool
    """Whether its filled text is nobody's business but the recipient's (one-time codes)."""
    texts: Mapping[str, str]

    @property
    def places(self) -> frozenset[str]:
        """What whoever writes the notice must give."""
        named = (field for text in self.texts.values() for _, field, _, _ in string.Formatter().parse(text))
        return frozenset(field for field in named if field) - GIVEN_BY_THE_INSTALLATION

    def render(self, channel: str, params: Mapping[str, str]) -> str:
        """The message as it leaves; an SMS begins with its sender's name, as the networks demand."""
        text = self.texts[channel].format(**params)
        return f"【{self.sender}】{text}" if channel == "sms" else text


@functools.cache
def catalogue(language: str) -> Mapping[str, Template]:
    """Every template of a language by name."""
    data = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return {name: _template(name, dict(table)) for name, table in data.items()}


def check(template: str, params: Mapping[str, str]) -> None:
    """Raises ValueError unless the template exists and is given exactly what it needs."""
    known = catalogue(LANGUAGES[0])
    if template not in known:
        raise ValueError(f"there is no template {template!r}; there are {', '.join(sorted(known))}")
    if set(params) != known[template].places:
        raise ValueError(f"{template} takes {sorted(known[template].places)}, not {sorted(params)}")


def _template(name: str, table: dict[str, str | bool]) -> Template:
    sender, secret = str(table.pop("sender")), bool(table.pop("secret", False))
    return Template(name, sender, secret, {channel: str(text) for channel, text in table.items()})
