"""The types of the protocol's messages, which lsprotocol makes when it is imported."""

from __future__ import annotations

import gc
import linecache


def load_types() -> None:
    """Imports them; what that leaves behind is free for what is imported next.

    Of each of its hundreds of classes attrs makes a first draft, which is garbage from then on, and notes the source of
    its methods, which only debuggers look at: 3 of the 82 MB of a server that shares its engine. A collection at this
    point costs nothing, since the one that follows the imports need not look at these objects again.
    """
    import lsprotocol.types  # noqa: F401

    linecache.clearcache()
    gc.collect(0)
