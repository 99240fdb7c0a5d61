"""Which C files a compiled library was made from: their hash stands in it. setup.py runs this file by itself."""

from __future__ import annotations

import hashlib
from pathlib import Path


def sources_hash(folder: Path) -> int:
    """64 bits that change whenever a C file in `folder` does; 0 where there is none."""
    digest = hashlib.sha256()
    paths = sorted(folder.glob("*.[ch]"))
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return int.from_bytes(digest.digest()[:8], "big") if paths else 0
