"""What copies cost the embedded model in the workspace of `scale.py` and in a file of 20,000 lines: time and memory."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy
import psutil
import scale
from seekline import fim, model
from seekline.model.decoding.copying.mixture import Mixer
from seekline.model.decoding.vocabulary_index import VocabularyIndex
from seekline.model.loading.load import MIXTURE_FILE
from seekline.model.loading.mixture_file import read_mixture
from seekline.server.completion.copies import FileText, copy_texts
from seekline.server.completion.prompt_config import COPIED_CHARACTERS, prompt_config
from seekline.server.completion.snapshot import Snapshot
from seekline.server.settings.config import merge

LINES = 20_000
ROUNDS = 40
TYPED = "self.size = other.total(name)"
WRITTEN = (b"", b" self", b" self.", b" self.size", b" self.size =", b" self.size = other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Milliseconds. `texts`: to say what may be copied; `index`: to sort what is new; `first_token`, `token`: to find
    and to mix, for the first token of a completion and for others."""

    texts: list[float] = field(default_factory=list)
    index: list[float] = field(default_factory=list)
    first_token: list[float] = field(default_factory=list)
    token: list[float] = field(default_factory=list)

    def named(self, name: str) -> dict[str, float]:
        found = {f"{name}_{part}_ms_p50": median(getattr(self, part)) for part in ("texts", "index", "first_token")}
        return {**found, f"{name}_token_ms_p50": median(self.token), f"{name}_index_ms_longest": max(self.index)}


class Timer:
    """Milliseconds since it was made, or asked the last time."""

    def __init__(self) -> None:
        self._last = perf_counter()

    def lap(self) -> float:
        before, self._last = self._last, perf_counter()
        return 1000 * (self._last - before)


def embedded_mixer() -> Mixer:
    folder = model.embedded_folder()
    tokenizer = model.Tokenizer(folder)
    weights = read_mixture(folder / MIXTURE_FILE)
    return Mixer(weights, tokenizer, VocabularyIndex.of(tokenizer))


def complete(mixer: Mixer, snapshot: Snapshot, costs: Costs) -> None:
    """All that copies cost in one completion of some tokens."""
    logits = numpy.random.default_rng(0).normal(0, 4, len(mixer.model.facts)).astype(numpy.float32)
    timer = Timer()
    texts = copy_texts(snapshot, COPIED_CHARACTERS, lambda: None)
    costs.texts.append(timer.lap())
    mixture = mixer.start(texts)
    costs.index.append(timer.lap())
    for tokens, written in enumerate(WRITTEN):
        mixture.mixed(logits, written, tokens)
        (costs.token if tokens else costs.first_token).append(timer.lap())


def first_completion(mixer: Mixer, editor: scale.Editor) -> dict[str, float]:
    """By part, in a process that has read nothing yet."""
    timer = Timer()
    snapshot = editor.snapshot()
    len(snapshot.project.paths)
    listed = timer.lap()
    next(fim.related_paths(snapshot.document, snapshot.cursor, snapshot.project))
    related = timer.lap()
    costs = Costs()
    complete(mixer, snapshot, costs)
    return {
        "copies_listing_ms": listed,
        "copies_related_ms": related,
        "copies_reading_ms": costs.texts[0],
        "copies_sorting_ms": costs.index[0],
        "copies_first_token_ms": costs.first_token[0],
    }


def typing(
    mixer: Mixer, lines: tuple[str, ...], line: int, snapshot_of: Callable[[tuple[str, ...], int], Snapshot]
) -> tuple[Costs, Costs]:
    """Of keys, and of those that begin a line, from `line` on. `snapshot_of`: with the cursor at the end of a line."""
    keys, enters = Costs(), Costs()
    above, below = lines[:line], lines[line:]
    for number in range(ROUNDS):
        indentation = " " * (4 + 4 * (number % 2))
        complete(mixer, snapshot_of((*above, f"{indentation}\n", *below), len(above)), enters)
        for end in range(1, len(TYPED), 4):
            complete(mixer, snapshot_of((*above, f"{indentation}{TYPED[:end]}\n", *below), len(above)), keys)
        above = (*above, f"{indentation}{TYPED}\n")
    return keys, enters


def in_workspace(mixer: Mixer, editor: scale.Editor) -> tuple[Costs, Costs]:
    def snapshot_of(lines: tuple[str, ...], line: int) -> Snapshot:
        editor.lines, editor.line = lines, line
        return editor.snapshot()

    return typing(mixer, editor.lines, editor.line, snapshot_of)


def in_large_file(mixer: Mixer, editor: scale.Editor) -> tuple[Costs, Costs]:
    """In the middle of many modules in one file, without others."""

    def snapshot_of(lines: tuple[str, ...], line: int) -> Snapshot:
        document = fim.Document(path="large.py", language=fim.language_of_path("large.py"), lines=lines)
        cursor = fim.Cursor(line=line, column=len(document.line(line)))
        project = editor.workspace.project_of(Path("/nowhere/large.py"))
        return Snapshot(document=document, cursor=cursor, project=project)

    lines: list[str] = []
    for path in _modules(editor):
        lines += fim.split_lines(path.read_text("utf-8"))
        if len(lines) >= LINES:
            break
    return typing(mixer, tuple(lines[:LINES]), LINES // 2, snapshot_of)


def _modules(editor: scale.Editor) -> Iterator[Path]:
    for package in range(scale.PACKAGES):
        yield from sorted((editor.path.parents[1] / f"package_{package}").glob("module_*.py"))


def memory_of_all(mixer: Mixer, editor: scale.Editor) -> dict[str, float]:
    """What is kept once someone has completed in each package."""
    gc.collect()
    before = psutil.Process().memory_info().rss
    texts: dict[int, int] = {}
    most = 0
    for package in range(scale.PACKAGES):
        editor.path = editor.path.parents[1] / f"package_{package}" / "module_50.py"
        found = copy_texts(editor.snapshot(), COPIED_CHARACTERS, lambda: None)
        mixer.start(found)
        texts |= {id(text): FileText(text=text).size_bytes for text in found.others}
        most = max(most, mixer.index.used_bytes)
    gc.collect()
    return {
        "copies_index_mb": most / 1e6,
        "copies_file_texts_mb": sum(texts.values()) / 1e6,
        "copies_memory_mb": (psutil.Process().memory_info().rss - before) / 1e6,
    }


def main() -> None:
    root, tokenizer = map(Path, sys.argv[1:])
    mixer = embedded_mixer()
    config = prompt_config(model.info_of_tokenizer(model.Tokenizer(tokenizer)), merge([]).settings)
    editor = scale.Editor(root, config)
    found = first_completion(mixer, editor)
    keys, enters = in_workspace(mixer, editor)
    found |= keys.named("copies_key") | enters.named("copies_enter")
    found |= memory_of_all(mixer, editor)
    keys, enters = in_large_file(mixer, editor)
    found |= keys.named("large_file_key") | enters.named("large_file_enter")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
