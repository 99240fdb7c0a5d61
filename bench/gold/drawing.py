"""Which files and lines cases are drawn from: sources that are not tests, lines that are code."""

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
HASH = ("#",)
SLASHES = ("//", "/*", "*")
COMMENTS = {"python": HASH, "ruby": HASH, "lua": ("--",), "php": (*HASH, *SLASHES)}

LEFT_OUT = re.compile(
    r"(^|/)(\.[^/]+|node_modules|vendor|third[-_]?party|external|deps|dist|build|out|target|([\w-]*-)?testing|testsuite|"
    r"([\w-]*[_-])?tests?|[a-z]+Tests?|unit-?tests?|specs?|__tests__|__mocks__|testdata|fixtures?|examples?|samples?|demos?|docs?|"
    r"website|benchmarks?|bench(es)?|locales?|debian|generated|gen|mocks?|stories|[^/]*(\.|Kit)Tests?)(/|$)|"
    r"(^|/)(test_|conftest)[^/]*$|[_.-](test|spec|stories|min|bench)s?\.[a-z]+$|(Test|Tests|Spec|TestCase)\.[a-z]+$|"
    r"\.d\.[cm]?ts$|\.pb\.go$|\.config\.[a-z]+$|_generated\.|(^|/)generated_|\.([Dd]esigner|g)\.cs$"
)
IMPORT = re.compile(
    r"^(import|from|package|use|pub(\(\w+\))? use|extern crate|mod|#|using|namespace|require\w*|include|load|autoload|"
    r"export \*|export \{|export type \{|open|(local|const|var|let) [^=]*= *require|@import|@_exported)\b|^[}\])];?,?$"
)
OPENING_IMPORT = re.compile(r"^(import|from|use|pub(\([\w: ]+\))? use|export (type )?\{)\b")
FORWARD = re.compile(r"(extern |friend )?(class|struct|enum|union) [\w:]+;")
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


def candidate_lines(lines: list[str], language: str) -> list[int]:
    """Numbers (from 1) of lines that are code with a name in them, and no import."""
    comments = COMMENTS.get(language, SLASHES)
    found, open_import = [], 0
    for number, line in enumerate(lines, 1):
        body = line.strip()
        if open_import or OPENING_IMPORT.match(body):
            open_import = max(0, open_import + sum(body.count(sign) for sign in "({") - sum(map(body.count, ")}")))
            continue
        if not 6 <= len(body) <= 160 or not body.isascii() or not WORD.search(body):
            continue
        if not body.startswith(comments) and not IMPORT.match(body) and not FORWARD.match(body):
            found.append(number)
    return found
