"""What the web, the worker and the command line all plug in: the ledgers this installation knows."""

from jiedui.households.ledger import HOUSEHOLDS
from jiedui.ledgers.ledger import known
from jiedui.regions.ledger import REGIONS
from jiedui.volunteers.ledger import VOLUNTEERS

LEDGERS = known(REGIONS, HOUSEHOLDS, VOLUNTEERS)
