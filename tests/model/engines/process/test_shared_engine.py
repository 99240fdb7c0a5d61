"""Two editors and one engine: the same text as without, and what becomes of them when one side goes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, active_count

import pytest
from lora_adapters import save_adapter
from seekline import model
from shared_engines import WAIT_S, Editor, Hosting, shared, until, written
from tiny_models import IDS, load, save_llama


@pytest.fixture
def editors(hosting: Hosting, folder: Path) -> Iterator[list[Editor]]:
    editors = [Editor(hosting, folder), Editor(hosting, folder)]
    yield editors
    for editor in editors:
        editor.close()


def models(hosting: Hosting) -> list[tuple[str, int]]:
    return [(one.state, one.clients) for one in hosting.host.status().models]


def test_both_write_what_a_model_of_their_own_would(hosting: Hosting, editors: list[Editor], folder: Path) -> None:
    one, other = editors
    core = load(folder).engine
    expected = list(core.generate(IDS, max_new_tokens=8, cancel=Event()))
    assert one.write() == other.write() == expected
    assert models(hosting) == [("ready", 2)]
    assert one.info().name == str(folder)
    assert one.info().tokenizer is not None


def test_each_is_told_when_it_is_ready(editors: list[Editor]) -> None:
    for editor in editors:
        editor.info()
        until(lambda editor=editor: editor.reports and editor.reports[-1].done, "it was told nothing")
        assert editor.reports[-1].info == editor.info()
        assert editor.engine.status.state == "ready"


def test_a_document_of_two_editors_has_two_sequences(editors: list[Editor]) -> None:
    one, other = editors
    longer = [*IDS, *range(100, 140)]
    first = one.engine.stream(one.request(longer), Event())
    assert next(piece.usage.reused_tokens for piece in first if piece.usage) == 0
    list(first)
    other.write(IDS)  # the same file, of which this editor has less
    again = one.engine.stream(one.request(longer), Event())
    assert next(piece.usage.reused_tokens for piece in again if piece.usage) == len(longer) - 1
    list(again)


def test_a_cancel_stops_the_device(hosting: Hosting, editors: list[Editor]) -> None:
    one, other = editors
    cancel = Event()
    stream = one.engine.stream(one.request(max_new_tokens=400), cancel)
    next(stream)
    cancel.set()
    with pytest.raises(model.Cancelled):
        list(stream)
    until(lambda: hosting.host.is_idle, "the device goes on")
    assert one.engine.status.idle
    assert other.write()


def test_who_stops_iterating_stops_the_device(hosting: Hosting, editors: list[Editor]) -> None:
    stream = editors[0].engine.stream(editors[0].request(max_new_tokens=400), Event())
    next(stream)
    stream.close()
    until(lambda: hosting.host.is_idle, "the device goes on")


def test_an_editor_that_dies_gives_everything_back(hosting: Hosting, editors: list[Editor]) -> None:
    one, other = editors
    stream = one.engine.stream(one.request(max_new_tokens=400), Event())
    next(stream)
    other.info()
    one.vanish()
    until(lambda: len(hosting.host.status().clients) == 1, "it is still connected")
    until(lambda: hosting.host.is_idle, "its completion goes on")
    assert other.write()
    assert models(hosting) == [("ready", 1)]


def test_when_the_engine_dies_one_message_comes_and_the_next_request_works(
    hosting: Hosting, editors: list[Editor], folder: Path
) -> None:
    expected = [editor.write() for editor in editors]
    stream = editors[0].engine.stream(editors[0].request(max_new_tokens=400), Event())
    next(stream)
    for editor in editors:
        editor.reports.clear()
    hosting.die()
    with pytest.raises(model.EngineDied) as died:
        list(stream)
    for editor in editors:
        until(lambda editor=editor: editor.reports, "it was told nothing")
        assert [report.message for report in editor.reports] == [str(died.value)]
        editor.want()  # as the server does before each request
    assert [editor.write() for editor in editors] == expected


def test_an_engine_that_always_dies_is_not_started_for_ever(hosting: Hosting, folder: Path) -> None:
    editor = Editor(hosting, folder)
    for _ in range(3):
        editor.want()
        editor.info()
        hosting.die()
        until(lambda: not editor.engine._is_up, "it is still there")
    until(lambda: editor.engine.status.state == "failed", "it has not failed")
    editor.want()
    with pytest.raises(model.EngineDied, match="3 times in a row"):
        editor.info()
    editor.engine.retry()
    editor.want()
    assert editor.write()
    editor.close()


def test_where_nobody_can_be_met_the_editor_computes_itself(hosting: Hosting, folder: Path) -> None:
    hosting.away = model.EngineUnreachable("The folder is another's.", "Set XDG_RUNTIME_DIR.")
    editor = Editor(hosting, folder)
    there = editor.write()
    warnings = [report.message for report in editor.reports if report.warning]
    assert len(warnings) == 1
    assert warnings[0].startswith("The folder is another's. Set XDG_RUNTIME_DIR.")
    hosting.away = None
    editor.want()
    assert editor.write() == there
    assert not hosting.host.status().clients, "nothing new is wanted, so nobody tries again"
    editor.want(sequence_tokens=300)
    assert editor.write() == there
    assert len(hosting.host.status().clients) == 1
    editor.close()


def test_a_folder_that_the_user_has_not_agreed_to(hosting: Hosting, editors: list[Editor], folder: Path) -> None:
    one, other = editors
    one.info()
    third = Editor(hosting, folder)
    third.want(agreed=set(), sequence_tokens=300)
    with pytest.raises(model.PathNotAgreed) as refused:
        third.engine.info().result(WAIT_S)
    assert refused.value.path == folder
    until(lambda: any(report.refused for report in third.reports), "nobody is asked")
    third.engine.retry()
    third.want(agreed={folder}, sequence_tokens=300)
    assert third.write() == other.write()
    third.close()


def test_a_request_for_another_model_is_made_anew(editors: list[Editor]) -> None:
    one, _ = editors
    request = one.request()
    one.want(quantization="int8")
    one.info()
    with pytest.raises(model.InfoChanged):
        written(one.engine, request)
    assert one.write()


def test_models_that_differ(hosting: Hosting, editors: list[Editor], tmp_path: Path) -> None:
    one, other = editors
    same = one.write()
    different = save_llama(tmp_path / "other", seed=1)
    other.folder = different
    other.want()
    assert other.write() != same
    assert one.write() == same
    assert sorted(models(hosting)) == [("ready", 1), ("ready", 1)]


def test_a_model_that_nobody_else_wants_becomes_the_next(hosting: Hosting, folder: Path, tmp_path: Path) -> None:
    editor = Editor(hosting, folder)
    plain = editor.write()
    adapter = save_adapter(tmp_path / "adapter", folder)
    editor.want(adapter=str(adapter))
    assert editor.write() != plain
    assert models(hosting) == [("ready", 1)], "its adapter was exchanged, and no second model loaded"
    editor.close()


def test_memory_is_given_back_and_the_next_request_loads_again(hosting: Hosting, editors: list[Editor]) -> None:
    one, other = editors
    before = one.write()
    [pooled] = hosting.host._pool._models
    pooled.engine.unload().result(WAIT_S)
    assert models(hosting) == [("not loaded", 2)]
    request = other.request()
    with pytest.raises(model.InfoChanged):  # on which the server asks for the info again
        written(other.engine, request)
    assert other.write() == one.write() == before


def test_two_models_within_a_limit(folder: Path, tmp_path: Path) -> None:
    """The idle one goes, and comes back when it is asked."""
    plan = model.make_plan(shared(folder).local.request, base=folder)
    hosting = Hosting()
    hosting.host.close(WAIT_S)
    hosting.host = type(hosting.host)(memory_bytes=int(1.5 * plan.memory_bytes))
    one = Editor(hosting, folder)
    same = one.write()
    other = Editor(hosting, save_llama(tmp_path / "other", seed=1))
    assert other.write()
    assert sorted(models(hosting)) == [("not loaded", 1), ("ready", 1)]
    assert sum(one.bytes for one in hosting.host.status().models) <= 1.5 * plan.memory_bytes
    assert one.write() == same
    for editor in (one, other):
        editor.close()
    hosting.close()


def test_texts_to_copy_from_cross_once(hosting: Hosting) -> None:
    embedded = model.embedded_folder()
    editor = Editor(hosting, embedded)
    local = model.LocalEngine(lambda _: None)
    local.load(shared(embedded).local)
    tokenizer = editor.info().tokenizer
    assert tokenizer is not None
    others = ("def area(width, height):\n    return width * height\n" * 50, "area = area(1, 2)\n", "\ud800 no text\n")
    for before in ("area = ar", "area = are"):
        more = {
            "copies": model.CopyTexts(before=before, others=others),
            "lookup": model.LookupText(before=tuple(tokenizer.encode_text(before))),
            "search": model.LineSearch(),
            "guide": model.Guide(must_start=b"ar"),
        }
        ids = tokenizer.encode_text("area = ")
        here = model.CompletionRequest(
            ids=tuple(ids), version=local.info().result(WAIT_S).version, max_new_tokens=8, **more
        )
        assert written(editor.engine, editor.request(ids, **more)) == written(local, here)
    editor.close()
    local.close(WAIT_S)


def test_many_editors_come_and_go(hosting: Hosting, folder: Path) -> None:
    threads = active_count()

    def visit(number: int) -> list[int]:
        editor = Editor(hosting, folder)
        ids = editor.write(key=f"{number}.py")
        editor.close()
        return ids

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(visit, range(20)))
    assert all(ids == found[0] for ids in found)
    until(lambda: not hosting.host.status().clients, "somebody is still there")
    for thread in hosting.threads:
        thread.join(WAIT_S)
    until(lambda: active_count() <= threads + 2, "threads are left")  # the device's, and the timer of what nobody wants
