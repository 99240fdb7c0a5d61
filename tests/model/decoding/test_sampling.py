import pytest
import torch
from seekline import model
from seekline.model.decoding.sampling import sampler

LOGITS = torch.tensor([0.0, 3.0, 2.0, -1.0])


def test_greedy_takes_the_likeliest() -> None:
    assert sampler(model.GREEDY, "cpu")(LOGITS) == 1


def test_a_seed_repeats_itself() -> None:
    def draw(seed: int) -> list[int]:
        sample = sampler(model.Sampling(temperature=1.0, seed=seed), "cpu")
        return [sample(LOGITS) for _ in range(50)]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_temperature_spreads() -> None:
    sample = sampler(model.Sampling(temperature=1.0, seed=0), "cpu")
    share = [sample(LOGITS) for _ in range(4000)].count(1) / 4000
    assert share == pytest.approx(LOGITS.softmax(-1)[1].item(), abs=0.03)


@pytest.mark.parametrize(("top_p", "kept"), [(0.1, {1}), (0.8, {1, 2}), (1.0, {0, 1, 2, 3})])
def test_top_p_keeps_the_smallest_set(top_p: float, kept: set[int]) -> None:
    sample = sampler(model.Sampling(temperature=1.0, top_p=top_p, seed=0), "cpu")
    assert {sample(LOGITS) for _ in range(2000)} == kept


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_only_allowed_tokens_are_chosen(temperature: float) -> None:
    sample = sampler(model.Sampling(temperature=temperature, top_p=0.99, seed=0), "cpu")
    chosen = {sample(LOGITS, torch.tensor([3, 2])) for _ in range(500)}
    assert chosen == ({2} if temperature == 0 else {2, 3})
    assert {sample(LOGITS, torch.tensor([3])) for _ in range(10)} == {3}


def test_probabilities_are_those_among_the_allowed() -> None:
    sample = sampler(model.Sampling(temperature=1.0, seed=0), "cpu")
    share = [sample(LOGITS, torch.tensor([0, 2])) for _ in range(4000)].count(2) / 4000
    assert share == pytest.approx(LOGITS[[0, 2]].softmax(-1)[1].item(), abs=0.03)


def test_no_allowed_token_is_an_error() -> None:
    with pytest.raises(ValueError, match="no token is allowed"):
        sampler(model.GREEDY, "cpu")(LOGITS, torch.tensor([], dtype=torch.int64))


@pytest.mark.parametrize(
    ("top_k", "kept"), [(1, {1}), (2, {1, 2}), (3, {0, 1, 2}), (9, {0, 1, 2, 3}), (None, {0, 1, 2, 3})]
)
def test_top_k_draws_from_the_likeliest(top_k: int | None, kept: set[int]) -> None:
    sample = sampler(model.Sampling(temperature=1.0, top_k=top_k, seed=0), "cpu")
    assert {sample(LOGITS) for _ in range(3000)} == kept


def test_top_p_is_of_what_top_k_leaves() -> None:
    sample = sampler(model.Sampling(temperature=1.0, top_k=2, top_p=0.74, seed=0), "cpu")
    assert {sample(LOGITS) for _ in range(2000)} == {1, 2}, "of both, the likelier one has a probability of 0.731"
    sample = sampler(model.Sampling(temperature=1.0, top_k=2, top_p=0.73, seed=0), "cpu")
    assert {sample(LOGITS) for _ in range(2000)} == {1}


def test_top_k_counts_among_the_allowed() -> None:
    sample = sampler(model.Sampling(temperature=1.0, top_k=2, seed=0), "cpu")
    assert {sample(LOGITS, torch.tensor([3, 2, 0])) for _ in range(500)} == {2, 0}


def test_top_k_leaves_probabilities_as_they_are_to_each_other() -> None:
    sample = sampler(model.Sampling(temperature=1.0, top_k=2, seed=0), "cpu")
    share = [sample(LOGITS) for _ in range(4000)].count(1) / 4000
    assert share == pytest.approx(LOGITS[[1, 2]].softmax(-1)[0].item(), abs=0.03)


def test_a_top_p_too_small_for_a_float_leaves_the_likeliest() -> None:
    choose = sampler(model.Sampling(temperature=1.0, top_p=5e-324, seed=1), "cpu")
    assert choose(torch.tensor([0.1, 0.3, 0.2])) == 1
