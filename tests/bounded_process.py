"""A function of a module of tests in a process of its own, with bounds on its memory: what it does wrong may end it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
MOST_BYTES = 8 << 30
LIMIT_S = 280


def check_in_bounds(module: Path, function: str, path: Path) -> None:
    """Calls `function` with `path`, and checks that the process ended as it should. `module`: its file."""
    folders = [str(module.parent), str(TESTS)]
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "try:\n"
        "    import resource\n"
        f"    resource.setrlimit(resource.RLIMIT_AS, ({MOST_BYTES}, {MOST_BYTES}))\n"
        "except ImportError:\n"
        "    pass\n"
        f"sys.path[:0] = {folders!r}\n"
        f"from {module.stem} import {function}\n"
        f"{function}(Path({str(path)!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=LIMIT_S)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "panicked" not in done.stderr
