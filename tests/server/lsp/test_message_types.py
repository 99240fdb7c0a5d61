"""What is left of making the types of messages: memory that the next imports can have."""

from __future__ import annotations

import subprocess
import sys

LEFT = """
import gc, linecache, sys
gc.disable()
sys.argv[1:] = ["serve"]
from seekline.server import cli
sys.modules["seekline.server.lsp.transport"] = None  # the next import, which this is for
try:
    cli._serve()
except ImportError:
    print("lsprotocol.types" in sys.modules, sum("attrs" in name for name in linecache.cache), gc.collect())
"""


def test_nothing_is_left_when_the_server_itself_is_imported() -> None:
    made, sources, garbage = subprocess.check_output([sys.executable, "-c", LEFT], text=True).split()
    assert (made, sources) == ("True", "0")
    assert int(garbage) < 1000
