"""What anybody of the same user may ask an engine process without being its client.

Importing this imports nothing of what talks: an editor's server starts without it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from .client_name import ClientName
from .place import EnginePlace

if TYPE_CHECKING:
    from .handshake import Answer
    from .service import ProcessStatus


def engine_status(place: EnginePlace) -> ProcessStatus | None:
    """What runs there; None where nothing does. Raises `EngineUnreachable`."""
    from .rendezvous import status_of

    return status_of(place, _visitor())


def stop_engine(place: EnginePlace) -> Answer | None:
    """Has the process there end, whoever is connected, and waits until it has; None where there was none. Raises
    `EngineUnreachable`."""
    from .rendezvous import stop

    return stop(place, _visitor())


def _visitor() -> ClientName:
    return ClientName(name="seekline", pid=os.getpid())
