"""What is learned while editors share an engine: those of its repository have it, with one copy of the base."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lora_adapters import save_adapter
from seekline import model
from seekline.model.catalogue import learned
from seekline.model.engines import loader as loader_module
from shared_engines import Editor, Hosting, shared, until


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was loaded."""
    loads: list[object] = []
    load_runner = loader_module.load_runner

    def noted(plan: model.Plan, **named: Any) -> Any:
        loads.append(plan.source.path)
        return load_runner(plan, **named)

    monkeypatch.setattr(loader_module, "load_runner", noted)
    return loads


class Desk:
    """An editor in a repository, which asks for what was learned there by now before each completion."""

    def __init__(self, hosting: Hosting, folder: Path, repository: Path) -> None:
        self.repository = repository
        self.editor = Editor(hosting, folder)

    def write(self, agreed: Collection[Path] | None = None) -> list[int]:
        place = learned.repository_folder(self.repository)
        now = learned.learned_from(place)
        wanted = shared(self.editor.folder)
        request = replace(wanted.local.request, learned=now.folder if now else None)
        state = now.state if now else None
        local = replace(wanted.local, request=request, learned_state=state, learned_places=(place,))
        self.editor.engine.load(replace(wanted, local=local), lambda: agreed)
        return self.editor.write()

    def learn(self, tmp_path: Path, seed: int) -> None:
        draft = save_adapter(tmp_path / f"draft{seed}", self.editor.folder, seed=seed)
        base = self.editor.folder
        learned.publish(learned.learned_folder(self.repository, base), draft, repository=self.repository, base=base)

    def forget(self) -> None:
        learned.withdraw(learned.learned_folder(self.repository, self.editor.folder))


@pytest.fixture
def desks(hosting: Hosting, folder: Path, tmp_path: Path, loads: list[object]) -> Iterator[list[Desk]]:
    """Two in one repository, and one in another, who begin to load at once: `loads` is there before them."""
    desks = [Desk(hosting, folder, tmp_path / name) for name in ("one", "one", "other")]
    yield desks
    for desk in desks:
        desk.editor.close()


def test_editors_of_one_repository_exchange_it_in_one_model(
    hosting: Hosting, desks: list[Desk], tmp_path: Path, loads: list[object]
) -> None:
    first, second, third = desks
    third.editor.close()
    until(lambda: [one.clients for one in hosting.host.status().models] == [2], "the third one is gone")
    plain = first.write()
    assert second.write() == plain
    texts: list[list[int]] = []
    for seed in (1, 2):
        first.learn(tmp_path, seed)
        texts.append(first.write())
        assert second.write() == texts[-1] == first.write()
    first.forget()
    assert first.write() == second.write() == plain
    assert len({tuple(text) for text in (*texts, plain)}) == 3
    assert len(loads) == 1


def test_an_editor_of_another_repository_goes_on_without(
    hosting: Hosting, desks: list[Desk], tmp_path: Path, loads: list[object]
) -> None:
    first, second, third = desks
    plain, *_ = [desk.write() for desk in desks]
    first.learn(tmp_path, 1)
    assert first.write() == second.write() != plain
    assert third.write() == plain
    third.learn(tmp_path, 2)
    others = third.write()
    assert others not in (plain, first.write())
    first.forget()
    assert first.write() == second.write() == plain
    assert third.write() == others
    assert len(loads) == 1, "the weights are in memory once"


def test_weights_that_two_have_count_once(hosting: Hosting, desks: list[Desk], tmp_path: Path) -> None:
    first, _, third = desks
    plain = first.write()
    [alone] = hosting.host.status().models
    first.learn(tmp_path, 1)
    third.learn(tmp_path, 2)
    assert len({tuple(text) for text in (plain, first.write(), third.write())}) == 3
    plan = model.make_plan(shared(first.editor.folder).local.request, base=first.editor.folder)
    sizes = [one.bytes for one in hosting.host.status().models]
    assert min(sizes) <= plan.kv_limit_bytes < max(sizes) == alone.bytes


def test_editors_that_start_together_have_one_copy_of_the_weights(
    folder: Path, tmp_path: Path, loads: list[object]
) -> None:
    hosting = Hosting()
    desks = [Desk(hosting, folder, tmp_path / name) for name in ("one", "two", "three")]
    for number, desk in enumerate(desks):
        desk.learn(tmp_path, number)
    with ThreadPoolExecutor(3) as threads:
        texts = list(threads.map(Desk.write, desks))
    assert len({tuple(text) for text in texts}) == 3
    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(Desk.write, desks)) == texts
    assert len(loads) == 1
    desks[0].editor.close()
    until(lambda: len(hosting.host.status().clients) == 2, "it is still there")
    assert [desk.write() for desk in desks[1:]] == texts[1:]
    for desk in desks[1:]:
        desk.editor.close()
    hosting.close()


def test_it_needs_no_consent_of_an_editor_that_comes_later(desks: list[Desk], folder: Path, tmp_path: Path) -> None:
    first, second, _ = desks
    first.learn(tmp_path, 1)
    assert first.write() == second.write({folder.resolve()})


def test_weights_are_lent_to_nobody_who_has_not_agreed_to_them(desks: list[Desk], folder: Path, tmp_path: Path) -> None:
    first, _, third = desks
    first.learn(tmp_path, 1)
    assert first.write()
    third.learn(tmp_path, 2)
    with pytest.raises(model.PathNotAgreed):
        third.write(set())
    third.editor.engine.retry()  # as the server does once its user has agreed
    assert third.write({folder.resolve()})


def test_who_names_an_adapter_keeps_it(desks: list[Desk], folder: Path, tmp_path: Path, loads: list[object]) -> None:
    """Whatever is learned in the repository around it."""
    first, second, _ = desks
    first.write()
    adapter = save_adapter(tmp_path / "named", folder, seed=5)
    second.editor.want(adapter=str(adapter))
    named = second.editor.write()
    first.learn(tmp_path, 1)
    assert first.write() != named
    assert second.editor.write() == named
    assert len(loads) == 1
