"""Samples: what is cut out is what is learned, the rest is the prompt that the server would give there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from learning_data import CLIENT, STORE, WATER, MakeRepository, source
from seekline import fim
from seekline.learn.data.drawing import LEFT_TO_RIGHT, draw_samples
from seekline.learn.data.options import DataOptions
from seekline.learn.data.sample import Sample
from seekline.learn.middles.training import ContextWindow, draw_middle
from seekline.learn.recipe import Mix
from seekline.server.cli.asking import FolderRepository, SettingsPrompter, snapshot_in
from seekline.server.completion.contexts import Contexts
from seekline.server.completion.prompt_config import PromptConfig
from seekline.server.completion.prompts import build_prompt
from seekline.server.settings.settings import Settings

OPTIONS = DataOptions(repositories=("garden",), model="", prompts="")
HOLE = "<｜fim▁hole｜>"


def drawn(repository: FolderRepository, config: PromptConfig, path: str, number: int, **choices: float) -> list[Sample]:
    text = repository.read(path).decode()
    options = replace(OPTIONS, **choices)
    return list(draw_samples(source(path, text), repository, SettingsPrompter(config), options, number, 7.0))


@pytest.fixture
def repository(make_repository: MakeRepository) -> FolderRepository:
    return FolderRepository(make_repository(), Settings())


def pieces(sample: Sample) -> tuple[str, str]:
    """What the prompt has before and behind the hole."""
    hole = sample.pieces.index(fim.Special(HOLE))
    texts = [piece.text if isinstance(piece, fim.Text) else "" for piece in sample.pieces]
    return "".join(texts[:hole]), "".join(texts[hole:])


def test_prefix_middle_and_suffix_are_the_file(repository: FolderRepository, prompts: PromptConfig) -> None:
    samples = drawn(repository, prompts, "garden/store.py", 30, fim_rate=1.0)
    assert len({(sample.start, sample.end) for sample in samples}) == len(samples) > 15
    for sample in samples:
        prefix, suffix = pieces(sample)
        assert sample.completion == STORE[sample.start : sample.end]
        assert STORE[: sample.start].endswith(prefix[-40:])
        assert STORE[sample.end :].startswith(suffix)
        assert (sample.path, sample.language, sample.ends, sample.changed) == ("garden/store.py", "python", True, 7.0)


def test_the_prompt_is_the_servers_with_other_files(repository: FolderRepository, prompts: PromptConfig) -> None:
    samples = drawn(repository, prompts, "garden/water.py", 20, fim_rate=1.0)
    with_others = 0
    for sample in samples:
        lines = fim.split_lines(WATER[: sample.start] + WATER[sample.end :])
        document = fim.Document(path=sample.path, language=fim.language_of_path(sample.path), lines=tuple(lines))
        before = WATER[: sample.start]
        cursor = fim.Cursor(line=before.count("\n"), column=len(before) - before.rfind("\n") - 1)
        built = build_prompt(snapshot_in(repository, document, cursor), prompts, Contexts())
        assert sample.pieces == built.prompt.pieces
        with_others += "def find_bed" in pieces(sample)[0]
    assert with_others > 0


def test_a_sample_depends_on_no_other(repository: FolderRepository, prompts: PromptConfig) -> None:
    few = drawn(repository, prompts, "garden/water.py", 5)
    assert drawn(repository, prompts, "garden/water.py", 12)[: len(few)] == few
    assert drawn(repository, prompts, "garden/water.py", 5, seed=1) != few


def test_the_rate_of_holes(repository: FolderRepository, prompts: PromptConfig) -> None:
    samples = drawn(repository, prompts, "garden/store.py", 200)
    holes = sum(sample.kind != LEFT_TO_RIGHT for sample in samples)
    assert 0.35 < holes / len(samples) < 0.65
    assert all(sample.kind == LEFT_TO_RIGHT for sample in drawn(repository, prompts, "web/client.ts", 20, fim_rate=0.0))


def test_what_goes_on_has_no_hole_and_ends_with_the_file(repository: FolderRepository, prompts: PromptConfig) -> None:
    samples = drawn(repository, prompts, "garden/store.py", 60, fim_rate=0.0)
    for sample in samples:
        assert [piece for piece in sample.pieces if isinstance(piece, fim.Special)] in (
            [],
            [fim.Special("<｜begin▁of▁sentence｜>")],
        )
        assert sample.completion == STORE[sample.start : sample.end] != ""
        assert sample.ends == (sample.end == len(STORE))
        assert sample.ends or sample.completion.endswith("\n")
    assert any(sample.start == 0 for sample in samples)


def test_a_model_that_fills_nothing_in_goes_on_at_the_same_holes(
    repository: FolderRepository, prompts: PromptConfig, plain: PromptConfig
) -> None:
    filled = drawn(repository, prompts, "garden/store.py", 30, fim_rate=1.0)
    going_on = drawn(repository, plain, "garden/store.py", 30, fim_rate=1.0)
    places = {(sample.start, sample.end) for sample in filled if sample.end > sample.start}
    assert {(sample.start, sample.end) for sample in going_on} == places
    for sample in going_on:
        assert fim.Special(HOLE) not in sample.pieces
        assert not sample.ends or sample.end == len(STORE)


def test_what_healing_has_the_model_write_again(repository: FolderRepository, prompts: PromptConfig) -> None:
    samples = drawn(repository, replace(prompts, healing=True), "garden/store.py", 60, fim_rate=1.0)
    longer = [sample for sample in samples if len(sample.completion) > sample.end - sample.start]
    assert longer
    for sample in longer:
        again = sample.completion.removesuffix(STORE[sample.start : sample.end])
        assert STORE[: sample.start].endswith(again)
        assert not pieces(sample)[0].endswith(again)


def test_a_block_has_the_line_that_closes_it() -> None:
    import numpy as np

    language = fim.language_of_path("client.ts")
    assert language is not None
    mix = Mix(middle_line=0, middle_lines=0, middle_statement=1, middle_span=0, middle_reaching=0)
    window = ContextWindow(prefix_characters=1000, suffix_characters=100)
    drawn = [draw_middle(CLIENT, np.random.default_rng(seed), mix, window, language.blocks) for seed in range(60)]
    functions = [m for m in drawn if CLIENT[m.start :].startswith("export async function")]
    assert functions
    assert all(CLIENT[m.start : m.end].endswith("\n}") for m in functions)
