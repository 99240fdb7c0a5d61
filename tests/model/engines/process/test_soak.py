"""Many requests of editors who cancel, leave and come back: each is answered once, and nothing is left."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from threading import enumerate as all_threads

import psutil
from seekline import model
from shared_engines import Editor, Hosting, until, written
from tiny_models import IDS

REQUESTS = 150
"""Of each editor; bench/share.py asks for more."""
EDITORS = 4
OURS = ("seekline-link", "seekline-postman", "seekline-answer", "seekline-shared")
PROMPTS = [IDS[:end] for end in (20, 40, 41, 42)]


def ours() -> list[str]:
    return [thread.name for thread in all_threads() if thread.name in OURS]


def visit(hosting: Hosting, folder: Path, expected: list[list[int]], seed: int) -> Counter[str]:
    """One editor's requests, by how they ended."""
    draw = random.Random(seed)
    ends: Counter[str] = Counter()
    editor = Editor(hosting, folder)
    for _ in range(REQUESTS):
        if draw.random() < 0.04:
            if draw.random() < 0.5:
                editor.vanish()
            editor.close()
            editor = Editor(hosting, folder)
        number = draw.randrange(len(PROMPTS))
        request = editor.request(PROMPTS[number], key=f"{draw.randrange(3)}.py")
        ends[answered(editor, request, expected[number], draw.choice((0, 1, 2, 100)))] += 1
    editor.close()
    return ends


def answered(editor: Editor, request: model.CompletionRequest, expected: list[int], cancelled_after: int) -> str:
    """How it ended, cancelled after so many pieces."""
    cancel, ids = Event(), []
    if cancelled_after == 0:
        cancel.set()
    try:
        for count, piece in enumerate(editor.engine.stream(request, cancel), 1):
            ids += piece.ids
            if count == cancelled_after:
                cancel.set()
    except model.Cancelled:
        return "cancelled" if ids == expected[: len(ids)] else "wrong"
    return "complete" if ids == expected else "wrong"


def test_each_request_has_one_answer_and_nothing_is_left(hosting: Hosting, folder: Path) -> None:
    first = Editor(hosting, folder)
    expected = [written(first.engine, first.request(ids)) for ids in PROMPTS]
    until(lambda: "seekline-answer" not in ours(), "what has answered is still there")
    process = psutil.Process()
    before = process.num_fds() if hasattr(process, "num_fds") else 0
    threads = Counter(ours())
    with ThreadPoolExecutor(EDITORS) as pool:
        ends = sum(pool.map(lambda seed: visit(hosting, folder, expected, seed), range(EDITORS)), Counter())
    assert sum(ends.values()) == EDITORS * REQUESTS
    assert set(ends) == {"complete", "cancelled"}
    until(lambda: hosting.host.is_idle and len(hosting.host.status().clients) == 1, "somebody is still there")
    until(lambda: Counter(ours()) <= threads, "threads are left")
    if before:
        until(lambda: process.num_fds() <= before, "descriptors are left")
    assert written(first.engine, first.request(PROMPTS[0])) == expected[0]
    first.close()
