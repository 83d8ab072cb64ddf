"""The outbox of this installation: notices sealed with its own keys."""

import functools

from jiedui.store import vault
from jiedui_notifications import outbox

enqueue = functools.partial(outbox.enqueue, sealer=vault)
cancel = outbox.cancel
