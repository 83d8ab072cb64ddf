"""Help, prompts and click's own words in the language of whoever reads them."""

import sys

import click

from jiedui.i18n import N_, say

_WORDS = (
    N_("Usage:"), N_("Options"), N_("Commands"), N_("default: {default}"), N_("Aborted!"),
    N_("Show this message and exit."), N_("Show the version and exit."),
    N_("Repeat for confirmation"), N_("Error: The two entered values do not match."), N_("Error: {message}"),
    N_("Try '{command} {option}' for help."), N_("Missing command."), N_("Missing option"),
    N_("Missing argument"), N_("No such option {name!r}."), N_("No such command {name!r}."),
    N_("Invalid value: {message}"), N_("Invalid value for {param_hint}: {message}"),
    N_("{value!r} is not a valid UUID."),
)  # fmt: skip
"""What click says to whoever uses our commands; anything else it says in English."""


def speak(command: click.Command) -> None:
    """Let a command and all below it speak the terminal's language; the settings are read by now."""
    for part in (click.core, click.decorators, click.exceptions, click.formatting, click.termui, click.types):
        part._ = say  # type: ignore[attr-defined]
    command.help = say(command.help or "")
    for option in command.params:
        if isinstance(option, click.Option):
            option.help, option.prompt = say(option.help or ""), say(option.prompt or "") or None
            if option.hide_input and not sys.stdin.isatty():
                # getpass would complain at length; a program gives the line once.
                option.hide_input, option.confirmation_prompt = False, False
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        speak(below)
