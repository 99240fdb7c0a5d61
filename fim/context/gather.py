"""From a cursor and a view of the workspace to the context of a prompt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from weakref import ref

from ..code import Outline, grammar_of
from ..prompt.budget import Count
from ..resolve import Project
from ..text import Cursor, Document
from .cancellable import CancellableProject, Stop
from .evidence.kinds import collect_evidence
from .names.entities import Symbol
from .names.members import Names
from .order import dependency_order
from .packing import Packing, Part, dependencies
from .ranking import Candidate, Ranking
from .scope import Scope, read_scope
from .similar import similar_windows

_WINDOWS_FROM_TOKENS = 2000  # below this budget, symbols are worth more than windows
_CLEARLY_MISSING = 0.5
_KEEP_VALUE = 0.6
_KNOWN_BONUS = 1.3
_TYPING_LINES = 3  # farther from the last cursor, nobody is typing on

Place = tuple[str, int]
"""A line of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What other files say that the cursor depends on.

    `parts` in the order of the prompt. `anchors`: lines of the document that should stay in the prompt when it is cut:
    imports, and the heads of what encloses the cursor. The rest tells the next call what was chosen, and where; of the
    files that it is from, `sources` has the paths and hashes of the lines, and so keeps none alive.
    """

    parts: tuple[Part, ...] = ()
    anchors: tuple[int, ...] = ()
    shown: frozenset[Place] = frozenset()
    sources: tuple[tuple[str, int], ...] = ()
    line: int | None = None
    inputs: LineInputs | None = field(default=None, compare=False)

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)

    @property
    def tokens(self) -> int:
        return sum(part.tokens for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineInputs:
    """What the choice depends on while someone types in one line: where it is the same, the choice stays.

    `outline`: that of the other lines, not kept alive. `expression`: the one before the cursor. `calls`: those whose
    arguments are being written.
    """

    outline: ref[Outline]
    expression: str | None
    calls: tuple[str, ...]


def _line_inputs(scope: Scope) -> LineInputs:
    expression = scope.receiver[0] if scope.receiver else None
    return LineInputs(outline=ref(scope.outline), expression=expression, calls=scope.open_calls)


def _same_inputs(inputs: LineInputs, previous: LineInputs | None) -> bool:
    # An outline is read once for as long as the cursor stays on a line: another one is of other lines.
    if previous is None or inputs.outline() is not previous.outline():
        return False
    return (inputs.expression, inputs.calls) == (previous.expression, previous.calls)


NOTHING = Context()


def gather(
    document: Document,
    cursor: Cursor,
    project: Project,
    limit_tokens: int,
    count: Count,
    previous: Context = NOTHING,
    stop: Stop = lambda: None,
) -> Context:
    """The context for a cursor, in at most `limit_tokens`.

    `previous`: what the last call for this document gave. While the cursor stays near it is kept, text for text,
    unless a clearly better choice has appeared: every change of the context costs a KV cache nearly all it has.
    `stop` is called before every file and every candidate; what it raises, this raises.
    """
    project = CancellableProject(project, stop)
    if previous.line is None or abs(previous.line - cursor.line) > _TYPING_LINES:
        previous = NOTHING
    grammar = grammar_of(document.path, document.language)
    if grammar is None:
        return _without_grammar(document, cursor, project, limit_tokens, count, previous)
    scope = read_scope(document, cursor, grammar, project.source, project.kept)
    inputs, unchanged = _line_inputs(scope), _unchanged(previous, project, limit_tokens)
    if unchanged and _same_inputs(inputs, previous.inputs):
        return previous
    names = Names(project, document, scope.outline, grammar)
    evidence = collect_evidence(scope, names)
    candidates = Ranking(evidence).candidates()
    if unchanged and _good_enough(previous, candidates, names):
        return replace(previous, anchors=_anchors(scope), line=cursor.line, inputs=inputs)
    packing = Packing(project, count, limit_tokens)
    packing.add_candidates(_with_bonus(candidates, previous, names, stop), names)
    if limit_tokens >= _WINDOWS_FROM_TOKENS:
        packing.add_windows(similar_windows(document, cursor, project, neighbours=False))
    context = _context(packing, _ordered(packing, names), _anchors(scope), cursor.line)
    return replace(context, inputs=inputs)


def _without_grammar(
    document: Document, cursor: Cursor, project: Project, limit_tokens: int, count: Count, previous: Context
) -> Context:
    if previous.parts and _unchanged(previous, project, limit_tokens):
        return replace(previous, line=cursor.line)
    packing = Packing(project, count, limit_tokens)
    packing.add_windows(similar_windows(document, cursor, project, neighbours=True))
    return _context(packing, list(packing.files), (), cursor.line)


def _context(
    packing: Packing,
    order: list[str],
    anchors: tuple[int, ...],
    line: int,
) -> Context:
    parts = tuple(map(packing.part, order))
    sources = ((part.path, _text_hash(part.path, packing.project)) for part in parts)
    return Context(
        parts=parts,
        anchors=anchors,
        shown=frozenset(packing.places()),
        sources=tuple((path, text) for path, text in sources if text is not None),
        line=line,
    )


def _ordered(packing: Packing, names: Names) -> list[str]:
    """Windows first, then the files of symbols, dependencies before dependents; of equals the most useful last,
    nearest to the cursor."""
    by_worth = list(dict.fromkeys(candidate.symbol.path for candidate in packing.chosen))[::-1]
    windows = [path for path in packing.files if path not in by_worth]
    return [*reversed(windows), *dependency_order(by_worth, dependencies(by_worth, names))]


def _anchors(scope: Scope) -> tuple[int, ...]:
    rows: set[int] = set()
    for item in scope.outline.imports:
        rows.update(range(*item.lines))
    for number in scope.enclosing:
        rows.update(range(*scope.outline.definitions[number].head))
    return tuple(sorted(row for row in rows if row < scope.cursor.line))


def _is_shown(symbol: Symbol, previous: Context, names: Names) -> bool:
    """Whether the line with the symbol's name is there: its file still says the same."""
    return (symbol.path, names.definition(symbol).head[1] - 1) in previous.shown


def _unchanged(previous: Context, project: Project, limit_tokens: int) -> bool:
    """Whether the choice still fits, and its files still say the same."""
    return previous.tokens <= limit_tokens and all(_text_hash(path, project) == text for path, text in previous.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class _TextHash:
    """Another value for another text."""

    value: int
    size_bytes: int = 150


def _read_hash(document: Document) -> _TextHash:
    return _TextHash(value=hash(document.lines))


def _text_hash(path: str, project: Project) -> int | None:
    """Another one for another text of a file; None where there is none."""
    found = project.reading(path, _read_hash)
    return None if found is None else found.value


def _good_enough(previous: Context, candidates: list[Candidate], names: Names) -> bool:
    """Whether a fresh choice would not be clearly better: nothing that is surely needed is missing, and what is shown
    is worth most of what could be."""
    if previous.line is None:
        return False
    best = candidates[: max(24, len(previous.shown))]
    known = [_is_shown(candidate.symbol, previous, names) for candidate in best]
    if any(c.score >= _CLEARLY_MISSING and not shown for c, shown in zip(best[:12], known, strict=False)):
        return False
    value = sum(c.score for c, shown in zip(best, known, strict=True) if shown)
    possible = sum(candidate.score for candidate in best[: max(1, sum(known))])
    return value >= _KEEP_VALUE * possible


def _with_bonus(candidates: list[Candidate], previous: Context, names: Names, stop: Stop) -> Iterator[Candidate]:
    """What is shown already counts more, so that a new choice resembles the old one."""
    for candidate in candidates:
        stop()
        known = _is_shown(candidate.symbol, previous, names)
        yield replace(candidate, score=candidate.score * _KNOWN_BONUS) if known else candidate
