"""Which files cases are drawn from, sources that are not tests, and what they say. Lines: `seekline.learn.middles`."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path

LANGUAGES = {
    "python": (".py",),
    "javascript": (".js", ".mjs", ".cjs"),
    "typescript": (".ts", ".mts"),
    "tsx": (".tsx",),
    "go": (".go",),
    "rust": (".rs",),
    "java": (".java",),
    "c": (".c", ".h"),
    "cpp": (".cpp", ".cc", ".cxx", ".hpp", ".hh", ".h"),
    "csharp": (".cs",),
    "ruby": (".rb",),
    "php": (".php",),
    "kotlin": (".kt",),
    "scala": (".scala",),
    "lua": (".lua",),
    "swift": (".swift",),
}
MOST_BYTES = 200_000
LEFT_OUT = re.compile(
    r"(^|/)(\.[^/]+|node_modules|vendor|third[-_]?party|external|deps|dist|build|out|target|([\w-]*-)?testing|testsuite|"
    r"([\w-]*[_-])?tests?|[a-z]+Tests?|unit-?tests?|specs?|__tests__|__mocks__|testdata|fixtures?|examples?|samples?|demos?|docs?|"
    r"website|benchmarks?|bench(es)?|locales?|debian|generated|gen|mocks?|stories|[^/]*(\.|Kit)Tests?)(/|$)|"
    r"(^|/)(test_|conftest)[^/]*$|[_.-](test|spec|stories|min|bench)s?\.[a-z]+$|(Test|Tests|Spec|TestCase)\.[a-z]+$|"
    r"\.d\.[cm]?ts$|\.pb\.go$|\.config\.[a-z]+$|_generated\.|(^|/)generated_|\.([Dd]esigner|g)\.cs$"
)
WORD = re.compile(r"[A-Za-z_]\w{2,}")


def every_file(root: Path, language: str) -> list[str]:
    """Paths of the repository's files in `language`, with forward slashes, in order. Links are not followed."""
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in (".git", "node_modules"))
        base = Path(folder).relative_to(root)
        for file in files:
            if file.endswith(LANGUAGES[language]) and not Path(folder, file).is_symlink():
                found.append((base / file).as_posix())
    return sorted(found)


def source_files(root: Path, language: str) -> list[str]:
    """Those that are neither tests, examples, generated, nor other people's."""
    return [path for path in every_file(root, language) if not LEFT_OUT.search(path)]


@functools.lru_cache(maxsize=2000)
def read(path: Path) -> str | None:
    """The text, or None of a file that is no UTF-8, too long, or splits into lines in more than one way."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return None
    return text if len(text.splitlines()) == len(text.encode().splitlines()) else None


def split_lines(text: str) -> list[str]:
    """Lines with their ends."""
    return [line.decode() for line in text.encode().splitlines(keepends=True)]
