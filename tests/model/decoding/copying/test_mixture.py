"""The mixture in C and in numpy give the same probabilities."""

from __future__ import annotations

from unittest import mock

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seekline import model
from seekline.model.decoding.copying import kernels, native
from seekline.model.decoding.copying.copy_texts import CopyTexts
from seekline.model.decoding.copying.mixture import Mixer
from seekline.model.decoding.vocabulary_index import VocabularyIndex
from seekline.model.loading.mixture_file import read_mixture

TEXT = """def area(width, height):
    return width * height


class Box:
    'A box (of "wood").'

    def area(self):
"""
texts = st.one_of(st.integers(0, len(TEXT)).map(lambda end: TEXT[:end]), st.text(alphabet='ab(] "\n\té', max_size=80))


@pytest.fixture(scope="module")
def mixer() -> Mixer:
    folder = model.embedded_folder()
    tokenizer = model.Tokenizer(folder)
    return Mixer(read_mixture(folder / "mixture.safetensors"), tokenizer, VocabularyIndex.of(tokenizer))


@pytest.mark.skipif(native.library() is None, reason="the C code is not compiled here")
def test_c_and_python_mix_alike(mixer: Mixer) -> None:
    @settings(max_examples=40)
    @given(texts, texts, st.integers(0, 3), st.integers(0, 12), st.integers(0, 99), st.booleans())
    def check(before: str, other: str, healed: int, tokens: int, seed: int, is_guided: bool) -> None:
        must = before[len(before) - healed :].rpartition("\n")[2].encode() if healed else b""
        random = numpy.random.default_rng(seed)
        logits = random.normal(0, 4, 4096).astype(numpy.float32)
        allowed = random.permutation(4096)[:50] if is_guided else None
        mixture = mixer.start(CopyTexts(before=before, others=(other, TEXT)), must)
        mixed = mixture.mixed(logits, b"", tokens, allowed)
        with mock.patch.object(kernels, "library", return_value=None):
            expected = mixture.mixed(logits, b"", tokens, allowed)
        assert (numpy.isinf(mixed) == numpy.isinf(expected)).all()
        likely = numpy.isfinite(mixed)
        assert numpy.abs(numpy.exp(mixed[likely]) - numpy.exp(expected[likely])).max() < 1e-4
        assert abs(numpy.exp(mixed[likely].astype(float)).sum() - 1) < 1e-3

    check()


@pytest.mark.parametrize("is_native", [True, False])
def test_what_stands_in_the_text_gets_likelier(mixer: Mixer, is_native: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if is_native and native.library() is None:
        pytest.skip("the C code is not compiled here")
    if not is_native:
        monkeypatch.setattr(kernels, "library", lambda: None)
    logits = numpy.zeros(4096, dtype=numpy.float32)
    before = "first = compute_total(width)\nsecond = compute_total("
    mixture = mixer.start(CopyTexts(before=before))
    best = mixture.bytes_of(int(mixture.mixed(logits, b"", 0).argmax()))
    assert b"width".startswith(best)
