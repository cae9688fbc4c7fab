from __future__ import annotations

from typing import Any

import pytest
import torch

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators.text.sampling import Sampling, SeededChoice

LOGITS = torch.tensor([2.0, 0.5, 1.5, -1.0, 0.0])


def drawn(how: Sampling, count: int = 4000, logits: torch.Tensor = LOGITS) -> list[int]:
    """The first token of many seeds."""
    choice = SeededChoice(range(count), how)
    scores = choice(torch.empty(count, 0), logits.expand(count, -1))
    assert bool(((scores == 0).sum(1) == 1).all())
    assert bool((scores.isinf().sum(1) == logits.numel() - 1).all())
    return scores.argmax(1).tolist()


def shares(how: Sampling) -> torch.Tensor:
    tokens = drawn(how)
    return torch.bincount(torch.tensor(tokens), minlength=5) / len(tokens)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_come_as_often_as_the_model_says(temperature: float) -> None:
    how = Sampling(temperature=temperature, top_k=None, top_p=1.0)
    wanted = torch.softmax(LOGITS / temperature, 0)
    assert (shares(how) - wanted).abs().max() < 0.03  # four standard errors of 4000 draws


def test_the_likeliest_tokens_alone_are_kept() -> None:
    two = torch.softmax(LOGITS[[0, 2]], 0)
    for how in (
        Sampling(temperature=1.0, top_k=2, top_p=1.0),
        Sampling(
            temperature=1.0, top_k=None, top_p=0.55
        ),  # 0.50 + 0.30 reach it, and 0.50 does not
    ):
        found = shares(how)
        assert found[[1, 3, 4]].sum() == 0
        assert (found[[0, 2]] - two).abs().max() < 0.03
    assert set(drawn(Sampling(temperature=1.0, top_p=0.01))) == {0}


def test_what_a_model_rules_out_is_never_chosen() -> None:
    logits = LOGITS.clone()
    logits[[0, 2]] = -torch.inf
    assert set(drawn(Sampling(temperature=5.0, top_p=1.0), logits=logits)) == {1, 3, 4}


def test_each_row_goes_by_its_own_seed_and_each_step_draws_anew() -> None:
    how = Sampling(temperature=1.0)
    rows = LOGITS.expand(40, -1)
    choice = SeededChoice(range(40), how)
    steps = [choice(torch.empty(40, 0), rows).argmax(1) for _ in range(2)]
    assert not torch.equal(*steps)
    turned = SeededChoice(range(39, -1, -1), how)
    assert torch.equal(turned(torch.empty(40, 0), rows).argmax(1).flip(0), steps[0])


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -0.1},
        {"top_k": 0},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"repetition_penalty": 0.0},
        {"beams": 0},
        {"beams": 2},
    ],
)
def test_numbers_outside_their_range_are_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError, match="SA481"):
        Sampling(**wrong)
