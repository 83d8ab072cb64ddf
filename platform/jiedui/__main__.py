"""`python -m jiedui` is the `jiedui` command."""

from jiedui.commands.cli import main

main()
