from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, default_collate

import lightning_synthaug as sa
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.mixing import BatchInfo
from tests.helpers.traced import Tracer, traced_dataset


def mixed(**options: float) -> sa.mixing.MixedLoader:
    loader = DataLoader(traced_dataset(20), 4)
    return sa.mix(loader, {"there": traced_dataset(9, source=1)}, 0.5, **options)


def test_tells_what_the_batch_is_made_of() -> None:
    loader = mixed(loss_weight=0.5)
    for number, (images, _) in enumerate(loader):
        info = sa.batch_info(loader)
        assert info.number == number
        assert info.is_synthetic.tolist() == (images[:, 0, 0, 0] == 1).tolist()
        assert info.source == ["real", "there", "real", "there"]
        assert info.weight.tolist() == [1.0, 0.5, 1.0, 0.5]
        assert info.rows.tolist() == list(range(4 * number, 4 * number + 4))


def test_weighted_mean_keeps_the_graph_and_weighs_rows() -> None:
    loader = mixed(loss_weight=0.5)
    next(iter(loader))
    info = sa.batch_info(loader)
    loss = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    mean = info.weighted_mean(loss)
    assert mean.item() == pytest.approx((1 + 1 + 3 + 2) / 3)
    mean.backward()
    assert loss.grad is not None
    wide = torch.arange(8.0).reshape(4, 2)
    assert info.weighted_mean(wide).item() == info.weighted_mean(wide.mean(1)).item()
    assert info.weighted_mean(torch.ones(4, dtype=torch.float16)).dtype == torch.float16


@pytest.mark.parametrize("loss", [torch.tensor(1.0), torch.ones(3), torch.ones(1, 4)])
def test_a_loss_of_another_shape_is_refused(loss: torch.Tensor) -> None:
    loader = mixed()
    next(iter(loader))
    with pytest.raises(
        ConfigError, match=r'one row for each of the batch\'s 4.*reduction="none".*SA604'
    ):
        sa.batch_info(loader).weighted_mean(loss)


@pytest.mark.parametrize("owner", [object(), None, torch.nn.Linear(1, 1)])
def test_without_a_mixed_batch_there_is_nothing_to_tell(owner: object) -> None:
    with pytest.raises(ConfigError, match=r"while a mixed batch is being trained on.*SA605"):
        sa.batch_info(owner)
    with pytest.raises(ConfigError, match=r"got CountedLoader.*SA605"):
        sa.batch_info(mixed())


def test_names_follow_the_order_of_sources() -> None:
    loader = mixed()
    next(iter(loader))
    served = loader.feed.served()
    assert served is not None
    two = {"a": traced_dataset(9, source=1), "b": traced_dataset(9, source=2)}
    other = sa.mix(DataLoader(traced_dataset(20), 4), two, 0.5, loss_weight=2.0)
    info = BatchInfo(served._replace(served=np.array([2, 0, 1, 0])), other.feed)
    assert info.source == ["b", "real", "a", "real"]
    assert info.weight.tolist() == [2.0, 1.0, 2.0, 1.0]


def test_a_generated_row_says_what_made_it(tmp_path: Path) -> None:
    loader = sa.mix(DataLoader(traced_dataset(20), 4), Tracer(), 0.5, cache=tmp_path)
    for _, labels in loader:
        info = sa.batch_info(loader)
        for row, synthetic in enumerate(info.is_synthetic.tolist()):
            made = info.provenance(row)
            if not synthetic:
                assert made is None
                continue
            assert made is not None
            assert made["fingerprint"] == Tracer().fingerprint()
            assert made["label"] == int(labels[row])
            assert isinstance(made["seed"], int)
    existing = mixed()
    next(iter(existing))
    assert [sa.batch_info(existing).provenance(row) for row in range(4)] == [None] * 4


def test_rows_that_do_not_count_give_no_loss_and_no_nan() -> None:
    loader = sa.mix(DataLoader(traced_dataset(4), 1), traced_dataset(4), 1.0, loss_weight=0.0)
    next(iter(loader))
    assert sa.batch_info(loader).weighted_mean(torch.tensor([3.0])).item() == 0.0


def test_mean_losses_by_source_are_unweighted_and_of_the_rows_since_the_last_time() -> None:
    loader = mixed(loss_weight=0.0)
    assert loader.mean_losses() == {}
    for number, _ in zip(range(2), loader, strict=False):
        loss = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True) + number
        sa.batch_info(loader).weighted_mean(loss)
    assert loader.mean_losses() == {"loss/real": 2.5, "loss/there": 3.5}
    assert loader.mean_losses() == {}


def test_a_source_without_rows_has_no_mean_loss() -> None:
    loader = sa.mix(DataLoader(traced_dataset(20), 4), {"there": traced_dataset(9)}, 0.0)
    next(iter(loader))
    sa.batch_info(loader).weighted_mean(torch.ones(4, 2))
    assert loader.mean_losses() == {"loss/real": 1.0}


def packed(items: list[Any]) -> torch.Tensor:
    return torch.cat([image.flatten() for image, _ in items])[None]


def blended(items: list[Any]) -> Any:
    return default_collate(items)


blended.mixes_rows = True  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("collate", "why"), [(packed, "nothing has 4 rows"), (blended, "says `mixes_rows = True`")]
)
@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("ratio", [0.0, 0.5])
def test_where_rows_are_mixed_there_are_none_and_it_says_why(
    collate: Any, why: str, workers: int, ratio: float
) -> None:
    real = DataLoader(traced_dataset(20), 4, collate_fn=collate, num_workers=workers)
    loader = sa.mix(real, traced_dataset(9, source=1), ratio)
    next(iter(loader))
    info = sa.batch_info(loader)
    assert info.number == 0
    assert info.rows is None
    assert why in str(info.rows_unknown)
    for name, ask in {
        "is_synthetic": lambda: info.is_synthetic,
        "source": lambda: info.source,
        "weight": lambda: info.weight,
        "weighted_mean": lambda: info.weighted_mean(torch.ones(4)),
        "provenance": lambda: info.provenance(0),
    }.items():
        with pytest.raises(ConfigError, match=rf"`{name}` must be asked for.*{why}.*SA607"):
            ask()
    assert loader.mean_losses() == {}


def test_rows_that_are_samples_have_no_excuse() -> None:
    loader = mixed()
    next(iter(loader))
    assert sa.batch_info(loader).rows_unknown is None
