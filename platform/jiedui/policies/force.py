"""The policy in force here: what ledgers are read by, and what pages call things."""

import functools
import os
import tomllib
from pathlib import Path

from jiedui.i18n import N_
from jiedui.settings import SettingsError
from jiedui_pairing.policy import Pack, from_data, standard

VARIABLE = "JIEDUI_POLICY"


@functools.cache
def in_force() -> Pack:
    """The pack in the file that JIEDUI_POLICY names, or else the one that ships with the product.

    Read once per process. Raises SettingsError with what is wrong and where.
    """
    path = os.environ.get(VARIABLE)
    if not path:
        return standard()
    try:
        return from_data(tomllib.loads(Path(path).read_text("utf-8")))
    except OSError as error:
        raise SettingsError(
            N_("{name} is {path!r}, which cannot be read: {reason}"),
            name=VARIABLE, path=path, reason=error.strerror,
        ) from error  # fmt: skip
    except ValueError as error:
        raise SettingsError(
            N_("{name} is {path!r}, which is no policy pack: {reason}"),
            name=VARIABLE, path=path, reason=error,
        ) from error  # fmt: skip
