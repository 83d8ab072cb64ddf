"""Measurements take minutes: they run when they are asked for by name, and always say what they found."""

import pytest

from jiedui_matching.bench import machine


def pytest_ignore_collect(config):
    return None if any("bench" in argument for argument in config.args) else True


@pytest.fixture(scope="session")
def say(request):
    """A line on the terminal even if the test passes; the machine comes first."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def line(words):
        with capture.global_and_fixture_disabled():
            print(f"\n{words}", end="", flush=True)

    line(machine())
    return line
