"""Where a repository in any language is measured: the rest of a line of its code."""

from __future__ import annotations

from ..corpus_file import CorpusFile
from ..errors import CorpusTooSmall
from .code_lines import candidate_lines, python_code_lines
from .middle import Kind
from .tasks import InfillingTask, Policy, draw_rests

RESTS: tuple[Kind, ...] = ("start", "mid")
"""Half from where a word or symbol starts, the whole line included; half from anywhere."""
HALF_WHOLE_LINES: tuple[Kind, ...] = ("line", "symbol", "line", "mid")
"""Half with the cursor behind the indentation; the others from a later word or symbol, or from anywhere, in turn."""
_SEED = 7


def draw_tasks_in(
    language: str, files: list[CorpusFile], number: int, kinds: tuple[Kind, ...] = RESTS, seed: int = _SEED
) -> list[InfillingTask]:
    """`number` tasks in files of one language, as `candidate_lines` names it, at most one in a line. Raises
    `CorpusTooSmall`."""
    texts = [file for file in files if file.text]
    if not texts:
        raise CorpusTooSmall(f"There is no {language} to measure at.", "Name another folder or language.")
    policy = Policy(kinds=kinds, code_lines=lambda text: code_lines_of(text, language), seed=seed)
    return draw_rests([texts], number, policy)


def code_lines_of(text: str, language: str) -> frozenset[int]:
    """Numbers from 0 of the lines of code with a name in them; no imports, comments, or documentation."""
    lines = text.split("\n")
    found = frozenset(number - 1 for number in candidate_lines(lines, language)) - _block_comments(lines)
    return found & python_code_lines(text) if language == "python" else found


def _block_comments(lines: list[str]) -> frozenset[int]:
    """Lines (from 0) of comments that begin a line with `/*`, to their end: not all have an asterisk in each line."""
    found: set[int] = set()
    is_open = False
    for number, line in enumerate(lines):
        is_open = is_open or line.lstrip().startswith("/*")
        if is_open:
            found.add(number)
            is_open = "*/" not in line
    return frozenset(found)
