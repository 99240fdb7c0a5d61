"""Whose code may be passed on: the licence of a file, by its own head, else by the licence file nearest above it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from posixpath import dirname

from ..cleaning import is_copyleft
from ..packages import is_permissive
from ..repository import Repository
from .source import LeftOut, Source

UNKNOWN = ""
_HEAD_CHARACTERS = 3000
_MAX_LICENCE_BYTES = 200_000
_LICENCE_FILE = re.compile(r"(?:^|/)(?:LICEN[SC]E|COPYING|UNLICENSE)(?:[.-][\w.-]*)?$", re.IGNORECASE)
_SPDX = re.compile(r"SPDX-License-Identifier:[ \t]*([\w.+() -]{1,200})")
# Words of each licence's own text, in any case, white space collapsed. Those that forbid come first.
_TEXTS = (
    ("gnu affero general public license", "AGPL-3.0"),
    ("gnu lesser general public license", "LGPL-3.0"),
    ("gnu library general public license", "LGPL-2.0"),
    ("gnu general public license", "GPL-3.0"),
    ("mozilla public license", "MPL-2.0"),
    ("eclipse public license", "EPL-2.0"),
    ("server side public license", "SSPL-1.0"),
    ("business source license", "BUSL-1.1"),
    ("european union public licence", "EUPL-1.2"),
    ("apache license", "Apache-2.0"),
    ("permission is hereby granted, free of charge, to any person obtaining a copy", "MIT"),
    ("redistribution and use in source and binary forms", "BSD-3-Clause"),
    ("permission to use, copy, modify, and/or distribute this software for any purpose", "ISC"),
    ("permission to use, copy, modify, and distribute this software for any purpose", "ISC"),
    ("this is free and unencumbered software released into the public domain", "Unlicense"),
    ("cc0 1.0 universal", "CC0-1.0"),
    ("boost software license", "BSL-1.0"),
    ("python software foundation license", "PSF-2.0"),
    ("this software is provided 'as-is', without any express or implied warranty", "Zlib"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Licences:
    """The licence of each folder that has a licence file, by its path; that of the root under ""."""

    folders: dict[str, str] = field(default_factory=dict[str, str])

    def of(self, source: Source) -> str:
        """An SPDX expression, or `UNKNOWN`."""
        head = source.text[:_HEAD_CHARACTERS]
        named = _SPDX.search(head)
        if named is not None:
            return named[1].strip()
        if is_copyleft(head):
            return licence_of_text(head) or "GPL"
        folder = dirname(source.path)
        while folder and folder not in self.folders:
            folder = dirname(folder)
        return self.folders.get(folder, UNKNOWN)

    def check(self, source: Source) -> None:
        """Raises `LeftOut` for a file that no permissive licence is known of."""
        licence = self.of(source)
        if licence == UNKNOWN:
            raise LeftOut("no licence known")
        if not is_permissive(licence):
            raise LeftOut("no permissive licence")


def read_licences(repository: Repository, paths: Iterable[str]) -> Licences:
    """By the licence files among `paths`. Of several in a folder, as of a dual licence, one that is not permissive
    counts."""
    found: dict[str, str] = {}
    for path in paths:
        if not _LICENCE_FILE.search(path):
            continue
        try:
            if (repository.root / path).stat().st_size > _MAX_LICENCE_BYTES:
                continue
            licence = licence_of_text(repository.read(path).decode("utf-8", "replace"))
        except OSError:  # as one that says nothing
            continue
        known = found.get(dirname(path))
        if known is None or known == UNKNOWN or (licence and not is_permissive(licence)):
            found[dirname(path)] = licence
    return Licences(folders=found)


def licence_of_text(text: str) -> str:
    """The licence that a text is, by its words; `UNKNOWN` for none of the common ones."""
    words = " ".join(text.lower().split())
    return next((name for phrase, name in _TEXTS if phrase in words), UNKNOWN)
