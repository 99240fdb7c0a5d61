"""The Python that is installed on this machine: packages with their licences, and standard libraries.

Only reads; knows nothing of what makes a good training text.
"""

from __future__ import annotations

import csv
import platform
import re
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

STANDARD_LIBRARY = "python-stdlib"
_STANDARD_LIBRARY_LICENCE = "PSF-2.0"

_PERMISSIVE = re.compile(
    r"(the )?(new |modified |simplified |[23][- ]clause )?"
    r"(MIT|0?BSD|Apache|PSF|Python Software Foundation|Python-2|CNRI-Python|ISC|Zlib|CC0|BSL-1|Boost|Unlicense|HPND"
    r"|LLVM-exception)\b.*",
    re.IGNORECASE | re.DOTALL,
)
# Looked for in the whole licence, since a free-text field may praise one licence and add another.
_NOT_PERMISSIVE = re.compile(
    r"\b[AL]?GPL|GNU (Lesser|Affero|General|Library)|\bMPL|Mozilla|\bEPL\b|Eclipse|\bEUPL|CDDL|SSPL|BUSL|Elastic"
    r"|Commercial|Proprietary|Non-?Commercial",
    re.IGNORECASE,
)
# White space around what they match is stripped afterwards.
_OPERATOR = re.compile(r"\s(?:AND|OR|WITH)\s|[;,/]")
_SHORT_FORM = re.compile(r"\([^()]*\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What is installed under one name. `files`: paths inside of it (POSIX) with where they lie."""

    name: str
    version: str
    licence: str
    files: tuple[tuple[str, Path], ...]

    @property
    def is_permissive(self) -> bool:
        return is_permissive(self.licence)


def is_permissive(licence: str) -> bool:
    """Whether every licence that is named allows reuse on keeping a notice.

    Of `MIT OR GPL-2.0` one could choose the first, but a file of such a package need not say which parts it is for.
    """
    if _NOT_PERMISSIVE.search(licence):
        return False
    terms = [_SHORT_FORM.sub("", term.strip().strip("()")).strip() for term in _OPERATOR.split(licence)]
    return bool(licence.strip()) and all(_PERMISSIVE.fullmatch(term) for term in terms)


def installed_packages(site: Path) -> Iterator[Package]:
    """The packages of a site-packages folder by name, each with the Python files that its RECORD lists."""
    for folder in sorted(site.glob("*.dist-info")):
        record, metadata = folder / "RECORD", folder / "METADATA"
        if record.is_file() and metadata.is_file():
            headers = HeaderParser().parsestr(metadata.read_text("utf-8", errors="replace"))
            yield Package(
                name=normal_name(headers["Name"]),
                version=headers["Version"],
                licence=licence_of(headers),
                files=tuple(_recorded_files(site, record)),
            )


def standard_library(folder: Path) -> Package:
    """A `lib/python3.x` folder, without the packages installed into it."""
    is_own = folder == own_standard_library()
    return Package(
        name=STANDARD_LIBRARY,
        version=platform.python_version() if is_own else folder.name.removeprefix("python"),
        licence=_STANDARD_LIBRARY_LICENCE,
        files=tuple(
            (path.relative_to(folder).as_posix(), path)
            for path in sorted(folder.rglob("*.py"))
            if not {"site-packages", "dist-packages"} & set(path.parts)
        ),
    )


def own_standard_library() -> Path:
    return Path(sysconfig.get_path("stdlib")).resolve()


def licence_of(headers: Message) -> str:
    """The licence that core metadata names: its SPDX expression, else its classifiers, else the start of its free text.

    `OSI Approved` and `DFSG approved` are classifiers that name none.
    """
    expression = " ".join((headers["License-Expression"] or "").split())
    classifiers = [
        value.split("::")[-1].strip() for value in headers.get_all("Classifier", []) if "License ::" in value
    ]
    listed = "; ".join(name for name in classifiers if not name.endswith("pproved"))
    return expression or listed or " ".join((headers["License"] or "").split())[:120]


def normal_name(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _recorded_files(site: Path, record: Path) -> Iterator[tuple[str, Path]]:
    """RECORD is CSV: path, hash, size. Paths that leave the site folder are scripts."""
    with record.open(encoding="utf-8", newline="") as lines:
        for row in csv.reader(lines):
            if row and row[0].endswith(".py") and not row[0].startswith(".."):
                path = site / row[0]
                if path.is_file():
                    yield row[0], path
