"""`python -m jiedui` is the `jiedui` command."""

from jiedui.cli import main

main()
