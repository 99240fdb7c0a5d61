"""What a repository defines, by name: universal-ctags where it knows the language well, else patterns and braces."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import drawing
from .asking import NoTool
from .masking import mask

TYPES = {"class", "struct", "interface", "enum", "union", "trait", "typedef", "type", "object", "typealias", "protocol"}
TYPES |= {"actor", "annotation", "extension"}
MEMBERS = {
    "method",
    "field",
    "property",
    "member",
    "enumerator",
    "enumConstant",
    "accessor",
    "singletonMethod",
    "event",
}
NO_DEFINITIONS = {"package", "namespace", "module", "alias", "library", "header", "implementation", "unknown", "label"}
LOCALS = {"local", "parameter"}
HEADERS = (".h", ".hh", ".hpp", ".hxx", ".inl", ".ipp", ".tcc")
CTAGS = {
    "rust": ("Rust",),
    "java": ("Java", "--kinds-Java=+l"),
    "c": ("C", "--langmap=C:.c.h", "--kinds-C=+pxlz"),
    "cpp": ("C++", "--langmap=C++:.cpp.cc.cxx.hpp.hh.hxx.h.inl.ipp.tcc", "--kinds-C++=+pxlz"),
    "csharp": ("C#", "--kinds-C#=+l"),
    "ruby": ("Ruby",),
    "php": ("PHP",),
    "lua": ("Lua",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One definition or declaration. `reachable`: other files may name it."""

    name: str
    path: str
    line: int
    kind: str
    scope: str
    member: bool
    reachable: bool

    @property
    def is_type(self) -> bool:
        return self.kind in TYPES

    @property
    def in_header(self) -> bool:
        return self.path.endswith(HEADERS)


def definitions(root: Path, language: str) -> Iterator[Definition]:
    """All of the repository, tests and examples too. Raises `NoTool`."""
    if language in CTAGS:
        yield from _by_ctags(root, language)
        return
    for file in drawing.every_file(root, language):
        if (text := drawing.read(root / file)) is not None:
            yield from _by_braces(file, text, language)


def _by_ctags(root: Path, language: str) -> Iterator[Definition]:
    if shutil.which("ctags") is None:
        raise NoTool("universal-ctags is not installed")
    name, *options = CTAGS[language]
    command = [
        "ctags",
        "-R",
        "--links=no",
        "--output-format=json",
        f"--languages={name}",
        "--fields=+neKSafZ",
        *options,
        "-f",
        "-",
        ".",
    ]
    done = subprocess.run(command, cwd=root, capture_output=True, check=False, timeout=600)
    if done.returncode:
        raise NoTool(f"ctags: {done.stderr.decode(errors='replace').strip()[-200:]}")
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        tag = json.loads(line)
        if tag.get("_type") == "tag" and tag["kind"] not in NO_DEFINITIONS:
            yield _from_tag(tag, language)


def _from_tag(tag: dict[str, str], language: str) -> Definition:
    scope, *_, last = ("", *re.split(r"[.:]+", tag["name"])) if language == "lua" else ("", tag["name"])
    path, text = tag["path"].removeprefix("./"), tag.get("pattern", "")
    outer = tag.get("scopeKind", "")
    reachable = tag["kind"] not in LOCALS and outer not in ("method", "function")
    if language == "rust":
        reachable &= "pub" in text or outer in ("interface", "enum") or tag["kind"] in ("macro", "enumerator")
    elif language in ("c", "cpp"):
        reachable &= not re.search(r"\bstatic\b", text) or path.endswith(HEADERS)
    else:
        reachable &= not re.search(r"\bprivate\b", text)
    return Definition(
        name=last.lstrip("$"),
        path=path,
        line=int(tag["line"]),
        kind=tag["kind"],
        scope=re.split(r"[.:\\]+", tag.get("scope", scope))[-1],
        member=tag["kind"] in MEMBERS or outer in TYPES or outer == "implementation",
        reachable=bool(reachable),
    )


_WORDS = {
    "kotlin": r"(?:enum |sealed |data |inner |fun |value )*(?:class|interface)|object|fun|val|var|typealias",
    "scala": r"(?:case )?(?:class|object)|trait|def|val|var|type",
    "swift": r"class|struct|enum|protocol|extension|actor|func|let|var|typealias",
}
_BEFORE = r"^[ \t]*((?:@[\w.]+(?:\([^)\n]*\))?[ \t]+|[a-z]\w*(?:[\[(][\w ]*[\])])?[ \t]+)*?)"
_NAME = r"[ \t]+(?:<[^>\n]*>[ \t]*)?(?:[\w.<>?, *]*[\w>?]\.)?`?([A-Za-z_]\w*)"
_PATTERNS = {language: re.compile(rf"{_BEFORE}({words}){_NAME}", re.MULTILINE) for language, words in _WORDS.items()}
_BRACES = re.compile(r"[{}]")


def _by_braces(file: str, text: str, language: str) -> Iterator[Definition]:
    """A definition is reachable where each brace around it was opened by a type."""
    masked = mask(text, language)
    found = {match.start(2): match for match in _PATTERNS[language].finditer(masked)}
    places = sorted([*found, *(match.start() for match in _BRACES.finditer(masked))])
    open_types: list[str | None] = []
    opener: tuple[str | None, int] = (None, -1)
    for place in places:
        if place not in found:
            if masked[place] == "}":
                open_types = open_types[:-1]
                continue
            open_types.append(opener[0])
            opener = (None, -1)
            continue
        match = found[place]
        kind, name = match[2].split()[-1], match[3]
        opener = (name if kind in TYPES else None, place)
        if kind == "extension" or "package" in match[1]:
            continue
        hidden = re.search(r"\b(private|fileprivate|override)\b", match[1])
        yield Definition(
            name=name,
            path=file,
            line=text.count("\n", 0, match.start(3)) + 1,
            kind=kind,
            scope=(open_types[-1] or "") if open_types else "",
            member=bool(open_types),
            reachable=None not in open_types and not hidden,
        )


def by_name(found: Sequence[Definition]) -> dict[str, list[Definition]]:
    named: dict[str, list[Definition]] = {}
    for one in found:
        named.setdefault(one.name, []).append(one)
    return named
