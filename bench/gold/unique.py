"""Where the names of a line are defined, for languages without a resolver here: by names that only one thing bears.

A name counts where the repository defines it once, in another file that can be reached; where it is not declared in
this file in any way; and where no other repository of the language uses it without defining it, which would make it a
name of the standard library or of a package that both use. A member's name is taken only with evidence that it is not
another type's: the file mentions the member's type, or the name is long, or it shares a word with its type.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path

from . import drawing
from .asking import Name
from .definitions import Definition, by_name, definitions
from .masking import mask

MOST_FILES_READ = 4000
MEMBER_SIGNS = (".", "->", "::")
_RECEIVER = re.compile(r"(\w+)(?:\(\)|\[[^\]]*\])?[?!]?(?:\.|->|::|:)$")
# Where a name that is no member may stand behind a sign: in a module, a package, or as an extension of its receiver.
QUALIFIED = {"rust", "lua", "kotlin", "scala", "swift", "cpp", "java", "csharp", "php", "ruby"}
_NO_TYPE = (
    r"return|new|else|case|throws?|in|await|yield|not|and|or|if|unless|until|while|goto|instanceof|is|as|delete|typeof|"
    r"sizeof|extends|implements|raise|then|do|when|defer|try|include|extend|prepend|with|match|where|dyn|impl|ref|out|move"
)
_DECLARED = (
    r"\b(?:let|var|val|const|local|auto|def|fn|fun|func|function|for|static)\s+(?:mut\s+|ref\s+)?[(&*]*{name}\b",
    r"(?<![.\w:>]){name}\s*(?::=|=(?![=>~]))",
    r"[(,|{{]\s*(?:mut\s+|&\s*|[*]+\s*)?{name}\s*:(?!:)",
    r"\|\s*{name}\s*[,|]|,\s*{name}\s*\|",
    rf"\b(?!(?:{_NO_TYPE})\b)[A-Za-z_][\w.<>]*(?:\[\])?[?*&\s]*[\s*&]{{name}}\s*[;,=)\[]",
    r"\b{name}\s*(?:,\s*\w+\s*)*(?:<-|->|=>)|\bfor\s*\(?\s*\w*,?\s*{name}\s+(?:in|of)\b|\$\s*{name}\b",
)
_DEFINES = re.compile(r"\b(?:module|def|fun|fn|func|function|trait|interface|object|namespace|package)$")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")
_OF_THE_LANGUAGE = (
    r"\b(?:import|use|using)\s+(?:static\s+)?(?:std|core|alloc|java|javax|System|Foundation)\b"
    r"[^;\n{{]*(?:\{{[^;}}]*)?\b{name}\b"
)


@functools.lru_cache(maxsize=200)
def foreign_names(root: Path, language: str) -> frozenset[str]:
    """All names that the sources of a repository use and do not define."""
    found: set[str] = set()
    for file in drawing.every_file(root, language)[:MOST_FILES_READ]:
        if (text := drawing.read(root / file)) is not None:
            found.update(drawing.WORD.findall(mask(text, language)))
    return frozenset(found - {one.name for one in definitions(root, language)})


class Unique:
    """Answers for one repository; `peers` are other repositories of the language, or of one it shares names with."""

    def __init__(self, root: Path, language: str, peers: Sequence[tuple[Path, str]]) -> None:
        self._root, self._language = root, language
        self._word = re.compile(drawing.WORD.pattern + "[?!]?") if language == "ruby" else drawing.WORD
        named = by_name(list(definitions(root, language)))
        self._own = {name: {one.path for one in found} for name, found in named.items()}
        single = {name: found for name, given in named.items() if (found := _one_thing(given, language))}
        for peer in peers:
            for name in foreign_names(*peer):
                single.pop(name, None)
        self._single = single

    def needs(self, file: str, lines: Sequence[int]) -> dict[int, list[Name]]:
        text = drawing.read(self._root / file)
        if text is None:
            return {}
        masked = mask(text, self._language)
        rows = drawing.split_lines(masked)
        found: dict[int, list[Name]] = {}
        for number in lines:
            for match in self._word.finditer(rows[number - 1]):
                given = self._single.get(match[0])
                if given and self._is_use(given[0], file, (text, masked, rows[number - 1]), match):
                    places = tuple((one.path, one.line) for one in given)
                    one = Name(name=match[0], column=match.start(), kind=given[0].kind, places=places)
                    found.setdefault(number, []).append(one)
        return found

    def close(self) -> None:
        self._single = {}

    def _is_use(self, one: Definition, file: str, code: tuple[str, str, str], match: re.Match[str]) -> bool:
        text, masked, row = code
        before, after = row[: match.start()].rstrip(), row[match.end() :].lstrip()
        signed = before.endswith((":", *MEMBER_SIGNS) if self._language == "lua" else MEMBER_SIGNS)
        if file in self._own[one.name] or before.endswith(("$", "@", "'", "#")) or _imported_elsewhere(one, masked):
            return False
        if _DEFINES.search(before):
            return False
        if one.is_type:
            return not (signed and self._language == "c") and _is_in_module(one, before, self._language)
        if after.startswith(":") and not after.startswith("::"):
            return False  # a label, or a key
        if signed:
            return (one.member or self._language in QUALIFIED) and _is_evident(one, text, before)
        if self._language == "lua":
            return False
        if one.member and one.kind not in ("enumerator", "enumConstant") and not after.startswith("("):
            return False
        return not _declared(one.name, masked)


def _one_thing(given: Sequence[Definition], language: str) -> list[Definition] | None:
    """The lines of the only thing of that name; a class and its constructors are one, a function and its prototypes."""
    found = [one for one in given if one.scope != one.name]
    if not found or not all(one.reachable for one in found):
        return None
    if language in ("c", "cpp"):
        bodies = [one for one in found if one.kind not in ("prototype", "externvar")]
        declared = [one for one in found if one.in_header]
        one_scope = len({one.scope for one in found}) == 1
        if not declared or len(bodies) > 1 or len(declared) > 2 or not one_scope:
            return None
        return [*declared, *(one for one in found if one not in declared)]
    if language == "scala" and {one.is_type for one in found} == {True}:  # a class and its companion
        return found if len({one.path for one in found}) == 1 else None
    return found if len(found) == 1 else None


def _is_in_module(one: Definition, before: str, language: str) -> bool:
    """Whether the module or namespace that a type's name stands behind may be the definition's."""
    if language not in ("rust", "ruby") or not before.endswith("::"):
        return True
    module = re.search(r"(\w+)::$", before)
    if module is None or language == "ruby":
        return module is not None
    return module[1] in ("crate", "self", "super") or module[1] in one.path


def _is_evident(one: Definition, text: str, before: str) -> bool:
    """Whether a name behind a dot is likely this one, and no other type's of which nothing is known."""
    owner = one.scope or Path(one.path).stem
    words = [word.lower() for word in _PARTS.findall(one.name)]
    mentioned = re.search(rf"\b{re.escape(owner)}\b", text) is not None
    if len(words) >= 3 or (mentioned and len(words) == 2):
        return True
    if len(words) == 2:
        owners = {word.lower() for word in _PARTS.findall(owner)}
        return any(len(word) > 3 and word in owners for word in words)
    receiver = _RECEIVER.search(before)
    return mentioned and receiver is not None and _is_of(receiver[1], owner, text)


def _is_of(receiver: str, owner: str, text: str) -> bool:
    """Whether `receiver` is called like the type or module that owns the name, or declared to be it."""
    low, bare = owner.lower(), receiver.lower().strip("_")
    if len(bare) > 2 and (bare in low or low in bare):
        return True
    declared = rf"\b{owner}\b[\w<>\[\]?*& ]*[\s*&]{receiver}\b|\b{receiver}\s*:\s*[&\w ]*\b{owner}\b"
    required = rf"\b{receiver}\s*=\s*require[ (]*[\"'][\w./]*\b{re.escape(owner)}[\"']"
    return re.search(f"{declared}|{required}", text) is not None


def _declared(name: str, masked: str) -> bool:
    return any(re.search(pattern.format(name=name), masked) for pattern in _DECLARED)


def _imported_elsewhere(one: Definition, masked: str) -> bool:
    """Whether the file imports a thing of this name from a package that is not the definition's."""
    pattern = rf"^\s*(?:import|use|using)\s[^\n;]*?(\w+)(?:\.|::|\\)(?:\{{[^}}\n]*)?\b{one.name}\b"
    if re.search(_OF_THE_LANGUAGE.format(name=one.name), masked):
        return True
    found = re.search(pattern, masked, re.MULTILINE)
    return found is not None and found[1] not in ("crate", "super", "self") and found[1].lower() not in one.path.lower()
