"""Rows have the ids that the server makes and keep every completion whole; a seed repeats how they are dealt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lora_samples import BEGIN, FIM_BEGIN, FIM_END, FIM_HOLE, habits, sample
from seekline import fim, model
from seekline.learn.errors import UnsupportedBase
from seekline.learn.lora.rows import Encoder, batches, steps_in
from seekline.server.completion.prompts import encode

END = 1


@pytest.fixture(scope="module")
def tokenizer() -> model.Tokenizer:
    return model.Tokenizer(model.embedded_folder())


def test_the_ids_are_the_servers(tokenizer: model.Tokenizer) -> None:
    """Pieces are encoded one by one, the completion apart, and what spells a control token stays text."""
    one = sample(prefix="x = '<｜fim▁hole｜>' + retu", completion="rn_value(1)", suffix="\n# <｜fim▁end｜>")
    row = Encoder(tokenizer, END, 512).row(one)
    assert row is not None
    assert row.ids[: row.first].tolist() == encode(one.pieces, tokenizer)
    assert row.ids[row.first :].tolist() == [*tokenizer.encode_text("rn_value(1)"), END]
    assert (row.file, row.targets) == ("made-up/main.py", len(row.ids) - row.first)


def test_only_what_ends_has_the_end_token(tokenizer: model.Tokenizer) -> None:
    row = Encoder(tokenizer, END, 512).row(sample(completion="a + b", ends=False))
    assert row is not None
    assert row.ids[row.first :].tolist() == tokenizer.encode_text("a + b")


def test_an_empty_completion_is_an_end_to_learn(tokenizer: model.Tokenizer) -> None:
    encoder = Encoder(tokenizer, END, 512)
    row = encoder.row(sample(completion=""))
    assert row is not None
    assert row.ids[row.first :].tolist() == [END]
    assert encoder.row(sample(completion="", ends=False)) is None
    assert encoder.dropped == 1


def test_a_long_prompt_is_cut_on_its_left(tokenizer: model.Tokenizer) -> None:
    """The longest text loses ids, the control tokens and the completion none."""
    prefix = "".join(f"value_{number} = {number}\n" for number in range(100))
    encoder = Encoder(tokenizer, END, 64)
    row = encoder.row(sample(prefix=prefix, suffix="\nprint(value_1)\n"))
    assert row is not None
    assert (len(row.ids), encoder.cut, encoder.dropped) == (64, 1, 0)
    ids = row.ids.tolist()
    whole = tokenizer.encode_text(prefix)
    hole = ids.index(tokenizer.control_id(FIM_HOLE.token))
    assert ids[:2] == [tokenizer.control_id(BEGIN.token), tokenizer.control_id(FIM_BEGIN.token)]
    assert ids[2:hole] == whole[-(hole - 2) :]
    assert ids[hole + 1 : row.first] == [
        *tokenizer.encode_text("\nprint(value_1)\n"),
        tokenizer.control_id(FIM_END.token),
    ]
    assert ids[row.first :] == [*tokenizer.encode_text("a + b"), END]


def test_a_completion_that_fills_a_row_is_dropped(tokenizer: model.Tokenizer) -> None:
    encoder = Encoder(tokenizer, END, 64)
    assert encoder.row(sample(completion="some_name = other_name\n" * 40)) is None
    assert (encoder.cut, encoder.dropped) == (0, 1)


def test_samples_of_another_model_are_refused(tokenizer: model.Tokenizer) -> None:
    other = replace(sample(), pieces=(fim.Special("<fim_prefix>"), fim.Text("x = ")))
    with pytest.raises(UnsupportedBase, match=r"made for another model.*<fim_prefix>"):
        Encoder(tokenizer, END, 64).row(other)


def test_steps(tokenizer: model.Tokenizer) -> None:
    """Each row once in an epoch, in steps of bounded size, the same for a seed and others for the next epoch."""
    encoder = Encoder(tokenizer, END, 512)
    rows = [row for row in map(encoder.row, habits(files=20)) if row is not None]
    steps = steps_in(rows, 400, seed=3, epoch=0)
    assert sorted(number for step in steps for number in step) == list(range(len(rows)))
    assert all(len(step) * max(len(rows[number].ids) for number in step) <= 400 for step in steps)
    assert steps == steps_in(rows, 400, seed=3, epoch=0)
    assert steps != steps_in(rows, 400, seed=3, epoch=1)
    assert steps != steps_in(rows, 400, seed=4, epoch=0)


def test_a_row_that_exceeds_a_batch_is_one_of_its_own(tokenizer: model.Tokenizer) -> None:
    encoder = Encoder(tokenizer, END, 512)
    rows = [row for row in map(encoder.row, habits(files=2)) if row is not None]
    assert batches(range(3), rows, 1) == [(0,), (1,), (2,)]
    assert np.array_equal(np.concatenate(batches(range(len(rows)), rows, 200)), np.arange(len(rows)))
