"""One county for all the killing: Fengdu's ledgers, imported, on servers that write durably."""

import pytest
from commands import FENGDU, done, servers_up
from served_county import County


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    """Fengdu's ledgers, imported."""
    folder = tmp_path_factory.mktemp("chaos")
    with servers_up(folder):
        for name in ("regions.csv", "households.xlsx", "volunteers.xlsx"):
            done(folder, name.split(".")[0], "import", FENGDU / name, "--new")
    return County(folder)
