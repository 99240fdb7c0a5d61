"""An editor goes on having completions, and knows where it stands, through what happens in a long day."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from engine_place import ME, engine_place
from lora_adapters import save_adapter
from seekline import model
from seekline.model.engines import loader as loader_module
from seekline.model.engines.process import guest, rendezvous, secret_files, service, sockets
from seekline.model.engines.process.host import Host
from seekline.model.engines.process.place import make_folder
from seekline.model.errors import EngineUnreachable
from shared_engines import WAIT_S, Editor, Hosting, shared, until
from tiny_models import save_llama


def take_two(editor: Editor) -> None:
    """A completion of which the first tokens are enough, as where a rule ends the text."""
    while True:
        try:
            with closing(editor.engine.stream(editor.request(max_new_tokens=100), Event())) as pieces:
                assert [next(pieces), next(pieces)]
                return
        except model.InfoChanged:
            continue


def test_ends_with_completions_in_between_are_not_in_a_row(hosting: Hosting, folder: Path) -> None:
    editor = Editor(hosting, folder)
    for _ in range(4):
        editor.want()
        take_two(editor)
        hosting.die()
        until(lambda: not editor.engine._is_up, "it is still connected")
    editor.want()
    assert editor.write()
    editor.close()


def test_whoever_types_while_the_model_is_loaded_again_is_not_hung_up_on(
    hosting: Hosting, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each key cancels the one before, and the device is not there to see it."""
    editor = Editor(hosting, folder)
    expected = editor.write()
    goes_on, load = Event(), loader_module.load_runner

    def slow(*given: Any, **named: Any) -> Any:
        assert goes_on.wait(WAIT_S)
        return load(*given, **named)

    monkeypatch.setattr(loader_module, "load_runner", slow)
    [pooled] = hosting.host._pool._models
    pooled.engine.unload().result(WAIT_S)
    ends: Counter[str] = Counter()

    def key(cancel: Event) -> None:
        try:
            list(editor.engine.stream(editor.request(), cancel))
        except Exception as error:  # noqa: BLE001 - what it is, is what is looked at
            ends[type(error).__name__] += 1

    for number in range(80):
        cancel = Event()
        typing = Thread(target=key, args=(cancel,))
        typing.start()
        until(lambda: len(pooled.engine._scheduler._jobs) > number or not typing.is_alive(), "it does not ask")  # noqa: B023
        cancel.set()
        typing.join(WAIT_S)
    assert ends == {"Cancelled": 80}
    goes_on.set()
    assert editor.write() == expected
    editor.close()


def test_a_setting_that_loads_nothing_leaves_it_ready(hosting: Hosting, folder: Path) -> None:
    editor = Editor(hosting, folder)
    editor.write()
    until(lambda: editor.engine.status.state == "ready", "it is not ready")
    editor.want(sequence_tokens=300)
    until(lambda: editor.engine.status.state == "ready", "it is not told that it is ready still")
    editor.engine.load(replace(shared(folder, sequence_tokens=300), keep_s=77.0))
    until(lambda: editor.engine.status.state == "ready", "nor here")
    editor.close()


def test_without_its_adapter_a_model_writes_nothing_over_weights_of_another(
    hosting: Hosting, folder: Path, tmp_path: Path
) -> None:
    first = Editor(hosting, folder)
    first.write()
    broken = save_adapter(tmp_path / "broken", folder)
    (broken / "adapter_model.safetensors").write_bytes(b"x" * 100)
    second = Editor(hosting, folder)
    second.want(adapter=str(broken))
    with pytest.raises(model.ModelError):
        second.write()
    assert first.write()
    first.close()
    second.close()


def test_a_model_that_may_not_be_loaded_is_not_the_one_before(hosting: Hosting, folder: Path, tmp_path: Path) -> None:
    editor = Editor(hosting, folder)
    editor.write()
    until(lambda: editor.engine.status.state == "ready", "it is not ready")

    def refuses() -> None:
        raise model.ModelError("The consent cannot be read.", "Mend it.")

    editor.engine.load(shared(save_llama(tmp_path / "other", seed=3)), refuses)
    until(lambda: editor.engine.status.state == "failed", "it has not failed")
    with pytest.raises(model.ModelError, match="consent cannot be read"):
        editor.write()
    editor.close()


def test_what_cannot_be_said_is_not_waited_for(hosting: Hosting, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = guest.known_info
    monkeypatch.setattr(guest, "known_info", lambda info: replace(known(info), tokenizer=Path("caf\udce9")))
    editor = Editor(hosting, folder)
    with pytest.raises(model.ModelError):
        editor.info()
    editor.close()


def test_a_place_whose_name_is_no_text_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "caf\udce9"))
    with engine_place() as place, pytest.raises(EngineUnreachable):
        rendezvous.find_or_start(place, ME, keep_s=0.2)


def test_a_thread_that_cannot_be_started_costs_one_client(monkeypatch: pytest.MonkeyPatch) -> None:
    with engine_place() as place:
        make_folder(place)
        token = secret_files.write_token(place.token)
        lock = secret_files.try_lock(place.lock)
        served = service.Service(sockets.Listening(place), token, Host(memory_bytes=None), keep_s=None)
        running = Thread(target=served.run, args=(lambda: None,), daemon=True)
        running.start()
        assert rendezvous.status_of(place, ME) is not None
        with monkeypatch.context() as patched:

            def start(_: Thread) -> None:
                raise RuntimeError("can't start new thread")

            patched.setattr(service, "Thread", type("NoThread", (Thread,), {"start": start}))
            with pytest.raises(EngineUnreachable):
                rendezvous.status_of(place, ME)
        assert rendezvous.status_of(place, ME) is not None
        served.end("the test is over")
        running.join(WAIT_S)
        assert lock is not None
