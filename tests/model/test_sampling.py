import pytest
import torch
from seekline import model
from seekline.model.sampling import sampler

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
