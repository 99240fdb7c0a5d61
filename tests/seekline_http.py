"""`seekline serve --http` in a process of its own."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def seekline_http(*arguments: str, model: str = "embedded") -> Iterator[int]:
    """The port on loopback at which the server answers. It ends with the block."""
    command = [sys.executable, "-m", "seekline.server", "serve", "--http", "127.0.0.1:0", "--model", model, *arguments]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        said = ""
        for line in process.stderr:
            said += line
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found is not None:
                yield int(found[1])
                return
        raise AssertionError(f"The server ended: {said}")
    finally:
        process.terminate()
        process.communicate(timeout=60)
