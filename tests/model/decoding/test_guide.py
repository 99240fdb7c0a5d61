"""Guided decoding against its definition: a token is allowed where some allowed text starts with what is written."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from seekline import model
from seekline.model.decoding.guide import IDENTIFIER_BYTES, Guide, GuideState
from seekline.model.decoding.sampling import sampler
from seekline.model.decoding.vocabulary_index import VocabularyIndex

SHARED = Path(__file__).parents[4] / "shared" / "data" / "deepseek-coder-tokenizer"
SOURCE = Path(__file__).read_text("utf-8")

few_bytes = st.binary(max_size=5).map(lambda text: bytes(b"ab._ "[byte % 5] for byte in text))
names = st.none() | st.frozensets(few_bytes, min_size=1, max_size=5)
guides = st.builds(Guide, must_start=few_bytes, names=names)
others = st.lists(few_bytes.filter(bytes.strip), max_size=3).map(tuple)
words = st.binary(max_size=5).map(lambda text: bytes(b"ab_"[byte % 3] for byte in text))
names_as_they_are = st.none() | st.frozensets(words, min_size=1, max_size=5)
guides_with_others = st.builds(Guide, must_start=few_bytes, names=names_as_they_are, unlike=others)
vocabularies = st.lists(few_bytes, max_size=30).map(lambda tokens: [b"", *tokens, *(bytes([b]) for b in b"ab._ ")])
END = 0


def starts_an_allowed_text(guide: Guide, text: bytes) -> bool:
    """The definition, over whole texts."""
    if len(text) < len(guide.must_start):
        return guide.must_start.startswith(text)
    if not text.startswith(guide.must_start):
        return False
    rest = text[len(guide.must_start) :]
    if rest.strip() and any(other.startswith(rest) for other in guide.unlike):
        return False
    if guide.names is None:
        return True
    return any(name.startswith(rest) for name in guide.names) or is_free_after_a_name(guide, rest)


def is_free_after_a_name(guide: Guide, rest: bytes) -> bool:
    return guide.names is not None and any(
        rest.startswith(name) and len(rest) > len(name) and rest[len(name)] not in IDENTIFIER_BYTES
        for name in guide.names
    )


def is_allowed_text(guide: Guide, text: bytes) -> bool:
    """Whether the text may end here."""
    rest = text[len(guide.must_start) :]
    if not text.startswith(guide.must_start):
        return False
    agrees = any(other.startswith(rest) for other in guide.unlike)
    if guide.names is None:
        return not agrees
    return rest in guide.names or (is_free_after_a_name(guide, rest) and not agrees)


def check_allowed(guide: Guide, state: GuideState, text: bytes, tokens: list[bytes]) -> list[int]:
    """Compares the state after `text` with the definition, over the whole vocabulary; returns what is allowed."""
    found = state.allowed_ids()
    if found is None:
        assert all(starts_an_allowed_text(guide, text + token) for token in tokens)
        return list(range(len(tokens)))
    allowed = sorted(found.tolist())
    wanted = [id for id, token in enumerate(tokens) if token and starts_an_allowed_text(guide, text + token)]
    assert allowed == [END] * is_allowed_text(guide, text) + wanted
    assert [id for id in range(len(tokens)) if state.allows(id)] == allowed
    return allowed


@given(guides_with_others, vocabularies, st.randoms(use_true_random=False))
def test_allowed_is_the_definition(guide: Guide, tokens: list[bytes], random: random.Random) -> None:
    state, text = guide.start(VocabularyIndex(tokens, end_ids=[END])), b""
    for _ in range(8):
        allowed = check_allowed(guide, state, text, tokens)
        if not allowed:  # all names are those of texts to differ from
            break
        id = random.choice(allowed)
        assert state.along([id]) == [state.advance(id)]
        state, text = state.advance(id), text + tokens[id]
        if id == END:
            assert is_allowed_text(guide, text)
            break


@given(guides, vocabularies)
def test_forced_bytes_are_what_all_allowed_texts_share(guide: Guide, tokens: list[bytes]) -> None:
    state = guide.start(VocabularyIndex(tokens, end_ids=[END]))
    forced = state.forced_bytes()
    assert starts_an_allowed_text(guide, forced)
    for length in range(len(forced)):
        others = set(range(256)) - {forced[length]}
        assert not any(starts_an_allowed_text(guide, forced[:length] + bytes([byte])) for byte in others)


@given(guides, vocabularies, st.lists(st.integers(0, 30), max_size=6))
def test_a_draft_is_followed_as_far_as_it_is_allowed(guide: Guide, tokens: list[bytes], draft: list[int]) -> None:
    assume(all(id < len(tokens) for id in draft))
    state = guide.start(VocabularyIndex(tokens, end_ids=[END]))
    states = state.along(draft)
    for id, after in zip(draft, states, strict=False):
        assert state.advance(id) == after
        state = after
    if len(states) < len(draft):
        with pytest.raises(ValueError, match="does not allow token"):
            state.advance(draft[len(states)])


def folders() -> list[object]:
    skip = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared (DeepSeek's tokenizer) is not here")
    return [pytest.param(model.embedded_folder(), id="embedded"), pytest.param(SHARED, id="deepseek", marks=skip)]


@pytest.fixture(scope="module", params=folders())
def tokenizer(request: pytest.FixtureRequest) -> model.Tokenizer:
    return model.Tokenizer(request.param)


@pytest.fixture(scope="module")
def index(tokenizer: model.Tokenizer) -> VocabularyIndex:
    return VocabularyIndex.of(tokenizer)


def test_healing_leaves_the_natural_tokens_reachable(tokenizer: model.Tokenizer, index: VocabularyIndex) -> None:
    ids = tokenizer.encode_text(SOURCE[:4000])
    for start in range(0, len(ids) - 8, 5):
        natural = ids[start : start + 8]
        text = b"".join(map(index.bytes_of, natural))
        for cut in range(len(text) + 1):
            assert len(Guide(must_start=text[:cut]).start(index).along(natural)) == len(natural)


def random_text(guide: Guide, index: VocabularyIndex, random: random.Random) -> bytes:
    """Any tokens that the guide allows, until it lets go or the text ends."""
    state, text = guide.start(index), b""
    while (allowed := state.allowed_ids()) is not None:
        id = int(random.choice(allowed))
        if index.ends_text(id):
            break
        state, text = state.advance(id), text + index.bytes_of(id)
    return text


def test_any_text_under_a_guide_is_an_allowed_one(index: VocabularyIndex) -> None:
    choose = random.Random(0)
    words = sorted(set(SOURCE.encode().split()))
    for _ in range(300):
        guide = Guide(must_start=choose.choice([b"", b".", b"    self.", "é".encode()]), names=None)
        if choose.random() < 0.8:
            guide = Guide(must_start=guide.must_start, names=frozenset(choose.sample(words, choose.randint(1, 40))))
        assert is_allowed_text(guide, random_text(guide, index, choose))


def test_the_sampler_takes_the_likeliest_allowed_token(tokenizer: model.Tokenizer, index: VocabularyIndex) -> None:
    torch.manual_seed(0)
    allowed = Guide(must_start=b" re").start(index).allowed_ids()
    assert allowed is not None
    masked = torch.full((50, tokenizer.size), -torch.inf)
    logits = torch.randn(50, tokenizer.size)
    masked[:, allowed] = logits[:, allowed]
    choose = sampler(model.GREEDY, "cpu")
    assert [choose(row, torch.from_numpy(allowed)) for row in logits] == masked.argmax(-1).tolist()


def test_get_is_not_the_start_of_getter(tokenizer: model.Tokenizer, index: VocabularyIndex) -> None:
    def follows(names: set[bytes], text: str) -> bool:
        ids = tokenizer.encode_text(text)
        return len(Guide(names=frozenset(names)).start(index).along(ids)) == len(ids)

    assert follows({b"get"}, "get()")
    assert follows({b"get"}, "get")
    assert not follows({b"get"}, "getter()")
    assert follows({b"get", b"getter"}, "getter()")
    assert follows({b"", b"ter"}, "(1)")  # where `get` stands before the cursor
    assert follows({b"", b"ter"}, "ter(1)")
    assert not follows({b"", b"ter"}, "ting(1)")


def test_another_text_differs_from_its_first_word_on(tokenizer: model.Tokenizer, index: VocabularyIndex) -> None:
    def follows(text: str) -> bool:
        ids = tokenizer.encode_text(text)
        return len(Guide(unlike=(b" first + second", b" total")).start(index).along(ids)) == len(ids)

    assert follows(" second + first")
    assert not follows(" first - second")
    assert not follows(" total")
    assert not follows(" first + second")


def test_a_guide_needs_a_name() -> None:
    with pytest.raises(ValueError, match="without any name"):
        Guide(names=frozenset())
