"""Which files of a root there are: one walk that enters no folder that is left out.

Links, to files and to folders, are never followed nor listed: what they lead to inside the root is listed where it is.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice

from .canonical_paths import is_link, leads_elsewhere
from .exclusions import defaults
from .ignore import Rules, read_rules
from .secrets import secret_names

log = logging.getLogger(__name__)

MAX_FILES = 50_000
"""More are not listed, the least deep first: a home folder that was opened by mistake must not take the memory."""

MAX_ENTRIES = 4 * MAX_FILES
"""Of one folder; the others are not looked at."""
MAX_COST_US = 60_000_000
"""What the ignore files of a root may cost together, by their own estimates: a listing ends whatever they are."""

Scope = tuple[int, Rules]
"""An ignore file's patterns, and how long the path of its folder is with the slash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scopes:
    """The ignore files that speak of a folder, of each kind the deepest first, which is the strongest."""

    own: tuple[Scope, ...] = ()
    git: tuple[Scope, ...] = ()

    def verdict(self, path: str, name: str, *, folder: bool) -> bool | None:
        """Whether the entry is left out; False where it is wanted even if it is left out by default.

        That a .gitignore can say so little is on purpose: after `*` and `!*/`, git would take every cache.
        """
        found = _strongest(self.own, path, name, folder)
        return found if found is not None else _strongest(self.git, path, name, folder) or None

    @property
    def cost_us(self) -> int:
        """What an answer may cost, roughly."""
        return sum(rules.cost for _, rules in (*self.own, *self.git))


def _strongest(scopes: tuple[Scope, ...], path: str, name: str, folder: bool) -> bool | None:
    for base, rules in scopes:
        found = rules.verdict(path[base:], name, folder=folder)
        if found is not None:
            return found
    return None


@dataclass(slots=True, kw_only=True)
class Listing:
    """The files found, and the folders that were entered, each with what is ignored in it."""

    files: list[str] = field(default_factory=list)
    folders: dict[str, Scopes] = field(default_factory=dict)
    cost_us: int = 0

    def why_no_more(self) -> str | None:
        """The limit that is reached; None where there is room."""
        if len(self.files) >= MAX_FILES:
            return f"it has more than {MAX_FILES} files"
        if self.cost_us >= MAX_COST_US:
            return "its ignore files have too many patterns for so many files"
        return None


class Lister:
    """Lists one root. `exclude`: the user's setting; `without`: folders of it that are roots of their own.

    `lifted`: folders that are listed although by their names they are output.
    """

    def __init__(self, root: str, exclude: Rules, without: Collection[str] = ()) -> None:
        self.root = root.rstrip(os.sep) + os.sep
        self.lifted: set[str] = set()
        self._exclude = exclude
        self._without = frozenset(without)

    def whole(self) -> Listing:
        """The whole root."""
        exclude = ".git/info/exclude"
        there = os.path.isfile(self.root + exclude)  # noqa: PTH113
        return self.below("", Scopes(git=((0, read_rules(self.root, exclude)),) if there else ()))

    def below(self, folder: str, scopes: Scopes) -> Listing:
        """A folder and what is in it. `scopes` are those of the folder that it is in."""
        listing = Listing()
        waiting = deque([(folder, scopes)])
        while waiting:
            if (reason := listing.why_no_more()) is not None:
                log.warning("%s is listed in part: %s", self.root, reason)
                break
            here, scopes = waiting.popleft()
            waiting += self._enter(here, scopes, listing)
        return listing

    def _enter(self, here: str, scopes: Scopes, listing: Listing) -> Iterator[tuple[str, Scopes]]:
        """Lists the files in one folder and gives the folders in it that are to be entered."""
        try:
            with os.scandir(self.root + here) as scan:
                entries = {entry.name: entry for entry in islice(scan, MAX_ENTRIES)}
        except OSError as error:
            log.info("%s%s is left out: %s", self.root, here, error.strerror)
            return
        if here and not defaults().marks.isdisjoint(entries):
            return
        prefix = f"{here}/" if here else ""
        if len(entries) == MAX_ENTRIES:
            log.warning("%s%s has more than %d entries: the others are left out", self.root, here, MAX_ENTRIES)
        scopes = self._with_ignore_files(prefix, scopes, entries)
        listing.folders[here] = scopes
        listing.cost_us += scopes.cost_us * len(entries)
        for name, entry in entries.items():
            path = prefix + name
            if is_linked(entry):
                continue
            if entry.is_dir(follow_symlinks=False):
                if not self.excludes_folder(path, name, scopes, entries):
                    yield path, scopes
                else:
                    listing.files += self.kept_in(path)
            elif entry.is_file(follow_symlinks=False) and not self.excludes_file(path, name, scopes):
                listing.files.append(path)

    def _with_ignore_files(self, prefix: str, scopes: Scopes, entries: dict[str, os.DirEntry[str]]) -> Scopes:
        own, git = defaults().ignore_files
        for name in (own, git):
            if name in entries and entries[name].is_file(follow_symlinks=False):
                scope = (len(prefix), read_rules(self.root, prefix + name))
                if name == own:
                    scopes = Scopes(own=(scope, *scopes.own), git=scopes.git)
                else:
                    scopes = Scopes(own=scopes.own, git=(scope, *scopes.git))
        return scopes

    def excludes_file(self, path: str, name: str, scopes: Scopes) -> bool:
        if self._never(path, name, folder=False):
            return True
        found = scopes.verdict(path, name, folder=False)
        return bool(defaults().rules.verdict(path, name, folder=False)) if found is None else found

    def excludes_folder(self, path: str, name: str, scopes: Scopes, beside: Collection[str]) -> bool:
        """`beside`: the names of what is in the same folder."""
        if name in defaults().folders or path in self._without or self._never(path, name, folder=True):
            return True
        found = scopes.verdict(path, name, folder=True)
        if found is not None:
            return found
        if defaults().rules.verdict(path, name, folder=True):
            return True
        return (
            defaults().is_output(name, path[: -len(name)], beside)
            and path not in self.lifted
            and not os.path.lexists(f"{self.root}{path}/__init__.py")
        )

    def _never(self, path: str, name: str, *, folder: bool) -> bool:
        """What no ignore file can bring back."""
        if not name.isprintable():  # undecodable, or with a line end, which no line of a prompt may have
            return True
        if secret_names().verdict(path, name, folder=folder):
            return True
        return bool(self._exclude.verdict(path, name, folder=folder))

    def kept_in(self, folder: str) -> list[str]:
        """The project files to find in a folder that is left out: only in one at the first level."""
        patterns = [] if "/" in folder else defaults().files_kept_in(folder)
        if not patterns or self._never(folder, folder, folder=True) or is_link(self.root + folder):
            return []
        try:
            with os.scandir(self.root + folder) as scan:
                names = [entry.name for entry in scan if entry.is_file(follow_symlinks=False)]
        except OSError:
            return []
        wanted = (name for name in names if any(rules.verdict(name, name, folder=False) for rules in patterns))
        return [f"{folder}/{name}" for name in wanted if not self._never(f"{folder}/{name}", name, folder=False)]


def is_linked(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a link; on Windows also a junction."""
    return entry.is_symlink() or (os.name == "nt" and leads_elsewhere(entry.stat(follow_symlinks=False)))
