from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

from lightning_synthaug.errors import ConfigError, DataError, ResumeMismatch, TrainerError
from lightning_synthaug.mixing import BatchInfo, MixedLoader, Recipe, StreamedLoader
from lightning_synthaug.trainer.session import FitSession
from tests.helpers.recorder import recorder, trainer
from tests.helpers.streams import Batches
from tests.helpers.traced import traced_dataset

SIZE = 45


def session(**options: Any) -> FitSession:
    recipe = Recipe(**({"source": traced_dataset(9, source=1), "ratio": 0.5} | options))
    return FitSession(recipe, trainer(max_epochs=1), recorder())


def test_wrapping_is_pure_and_may_be_repeated() -> None:
    """Lightning asks for the loader as often as it likes."""
    s = session()
    user = DataLoader(traced_dataset(SIZE), 8)
    first, second = s.wrap(user), s.wrap(user)
    assert isinstance(first, MixedLoader)
    assert first.feed is second.feed is s.feed
    with pytest.raises(TrainerError, match=r"mixed already, with \['synthetic'\].*SA704"):
        s.wrap(first)
    other = s.wrap(DataLoader(user.dataset, 16))
    assert other.feed is s.feed is not first.feed
    first.feed.begin()
    assert s.feed is first.feed  # the one in use, whatever else was asked for since
    s.close()
    s.close()


def test_a_stream_is_wrapped_and_known_again() -> None:
    s, user = session(), Batches([4, 2])
    first = s.wrap(user)
    assert isinstance(first, StreamedLoader)
    assert s.wrap(user).feed is first.feed is s.feed
    assert s.wrap(Batches([4])).feed is not first.feed
    with pytest.raises(TrainerError, match=r"mixed already.*SA704"):
        s.wrap(first)
    assert s.state() == {}
    s.restore({"fingerprint": {}})
    assert s.state() == {"fingerprint": {}}
    s.restore(None)
    rows = [int((batch[0][:, 0, 0, 0] > 0).sum()) for batch in first]
    assert rows == [2, 1]
    assert s.state()["stream"]["batch_rows"] == 4
    s.close()


def test_one_of_several_loaders_is_mixed() -> None:
    a, b = DataLoader(traced_dataset(SIZE), 8), DataLoader(traced_dataset(20), 4)
    s = session(target="b")
    tree = {"a": a, "b": b}
    mixed = s.wrap(tree)
    assert mixed["a"] is a
    assert isinstance(mixed["b"], MixedLoader)
    assert tree == {"a": a, "b": b}
    s.close()
    s = session()
    with pytest.raises(ConfigError, match=r"got None with loaders at \['a', 'b'\].*SA706"):
        s.wrap(tree)
    with pytest.raises(DataError, match=r"one torch DataLoader.*got int.*SA606"):
        s.wrap(3)
    s.close()


def test_the_state_is_the_checkpoints_until_a_plan_is_made() -> None:
    s = session()
    assert s.state() == {}
    s.restore({"fingerprint": {"seed": 0}})
    assert s.state() == {"fingerprint": {"seed": 0}}
    s.close()


def test_differences_are_shown_with_both_sides() -> None:
    s = session(seed=1)
    saved = session(seed=2)
    for each in (saved, s):
        each.restore(saved.state() or None)
        feed = each.wrap(DataLoader(traced_dataset(SIZE), 8)).feed
        if each is saved:
            feed.begin()
        else:
            with pytest.raises(
                ResumeMismatch, match=r"seed\n +checkpoint: +2\n +configuration: 1\n.*SA116"
            ):
                feed.begin()
        each.close()


def test_metrics_are_of_the_batches_since_the_last_time(tmp_path: Path) -> None:
    s = session()
    assert s.metrics() == {}
    loader = s.wrap(DataLoader(traced_dataset(SIZE), 8))
    assert s.metrics() == {}
    batches = iter(loader)
    next(batches)
    first = s.metrics()
    assert set(first) == {
        f"synthaug/{name}"
        for name in (
            "ratio_planned", "ratio_served", "misses", "starved", "rejected", "unmakeable", "generated",
            "fill_s", "fill_share",
        )
    }  # fmt: skip
    assert 0 <= first["synthaug/fill_share"] < 1
    next(batches)
    BatchInfo(loader.feed.served(), loader.feed).weighted_mean(torch.arange(8.0))
    second = s.metrics()
    assert (second["loss/real"], second["loss/synthetic"]) == (3.0, 4.0)
    assert first["synthaug/ratio_planned"] == first["synthaug/ratio_served"] == 0.5
    assert s.metrics() == {}
    s.close()


def test_a_step_that_takes_the_iterator_is_refused_at_once() -> None:
    model = recorder()
    model.training_step = lambda dataloader_iter: None
    with pytest.raises(TrainerError, match="SA702"):
        FitSession(Recipe(source=traced_dataset(9), ratio=0.5), trainer(max_epochs=1), model)
