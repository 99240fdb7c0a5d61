"""What is read: one file of a package or a repository."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusFile:
    """One file: which package it is of, its path there, its text."""

    package: str
    path: str
    text: str
