from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, DistributedSampler

from lightning_synthaug.errors import ConfigError, DataError
from lightning_synthaug.generators.gates import FidelityBand
from lightning_synthaug.mixing import (
    CountedProgress,
    Recipe,
    StreamCourse,
    StreamedLoader,
    StreamFeed,
    check_stream,
    is_stream,
    loader_facts,
    split_batchnorm,
    streamed_loader,
)
from lightning_synthaug.mixing.streamed import CountedStream, StatefulStream
from tests.helpers.streams import Batches, SizedStream, Stream
from tests.helpers.traced import Tracer, traced_dataset

DATA, SOURCE = traced_dataset(20), traced_dataset(9, source=1)


class Own(DataLoader[Any]):
    def __iter__(self) -> Any:
        return super().__iter__()


class WithState(Batches):
    def __init__(self) -> None:
        super().__init__([4, 4])
        self.state = 7

    def state_dict(self) -> int:
        return self.state

    def load_state_dict(self, state: int) -> None:
        self.state = state


def feed(**facts: Any) -> StreamFeed:
    recipe = Recipe(source=SOURCE, ratio=0.5)
    options: dict[str, Any] = {"rank": 0, "world": 1, "leader": True, "length": None} | facts
    return StreamFeed(recipe, StreamCourse("error", tell=None), CountedProgress(), **options)


@pytest.mark.parametrize(
    ("loader", "streams"),
    [
        (DataLoader(DATA, 4), False),
        (DataLoader(Stream(9), 4), True),
        (Own(DATA, 4), True),
        (DataLoader(DATA, None), False),
        (DataLoader(DATA, None, sampler=[[0, 1], [2]]), True),
        (Batches([3]), True),
        ([torch.zeros(3)], True),
        ([DataLoader(DATA, 4)], False),
        ({"a": DataLoader(DATA, 4)}, False),
        (3, False),
        (None, False),
    ],
)
def test_what_streams(loader: Any, streams: bool) -> None:
    assert is_stream(loader) == streams


def test_what_loaders_tell() -> None:
    sized = DataLoader(SizedStream(9), 4)
    assert loader_facts(sized) == {"length": 3, "batch_size": 4, "collate": sized.collate_fn}
    assert loader_facts(DataLoader(Stream(9), 4))["length"] is None
    nothing = {"length": None, "batch_size": None, "collate": None}
    assert loader_facts(DataLoader(Stream(9), None)) == nothing
    assert loader_facts(Batches([3])) == nothing
    assert loader_facts([1, 2])["length"] == 2


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"extra": 2}, "extra=2"),
        ({"balance": "uniform"}, "balance='uniform'"),
        ({"transform": lambda image: image}, "transform_on='both'"),
        ({"labels": [1, 2]}, "labels="),
        ({"source": Tracer(), "gates": FidelityBand()}, "gates that are fitted"),
    ],
)
def test_options_that_need_the_samples_beforehand_are_refused(options: Any, shown: str) -> None:
    with pytest.raises(ConfigError, match=rf"got {shown} for Batches.*SA644"):
        check_stream(Batches([3]), Recipe(**{"source": SOURCE, "ratio": 0.5, **options}), 1)


def test_ranks_must_not_read_the_same_rows() -> None:
    recipe = Recipe(source=SOURCE, ratio=0.5)
    check_stream(Own(DATA, 4), recipe, 1)
    check_stream(DataLoader(Stream(9), 4), recipe, 2)
    check_stream(Own(DATA, 4, sampler=DistributedSampler(DATA, 2, 0)), recipe, 2)
    with pytest.raises(DataError, match=r"got Own with SequentialSampler on 2 ranks.*SA645"):
        check_stream(Own(DATA, 4), recipe, 2)


def test_everything_else_is_the_users() -> None:
    user = DataLoader(SizedStream(9), 4)
    loader = StreamedLoader(user, feed())
    assert len(loader) == 3
    assert loader.batch_size == 4
    assert loader.dataset is user.dataset
    assert not hasattr(loader, "sampler")
    assert not hasattr(loader, "state_dict")
    assert not hasattr(loader, "_iterator")
    with pytest.raises(TypeError):
        len(StreamedLoader(DataLoader(Stream(9), 4), feed()))
    model = torch.nn.BatchNorm1d(3)
    assert split_batchnorm(model, loader=loader) is model


def test_a_pass_begins_at_its_first_batch() -> None:
    loader = StreamedLoader(Batches([4, 4]), feed())
    unused, used = iter(loader), iter(loader)
    del unused
    assert [int((batch[0][:, 0, 0, 0] > 0).sum()) for batch in used] == [2, 2]
    assert loader.mean_losses() == {}


def test_a_state_passes_through_where_there_is_one() -> None:
    user = WithState()
    loader = streamed_loader(user, feed())
    assert isinstance(loader, StatefulStream)
    assert loader.state_dict() == 7
    loader.load_state_dict(9)
    assert user.state == 9
    assert type(streamed_loader(Batches([4]), feed())) is StreamedLoader
    counted = CountedStream(user, feed())
    next(iter(counted))
    state = counted.state_dict()
    assert (state["batches"], state["loader"], state["stream"]["rows"]) == (1, 9, 4)
    again = CountedStream(WithState(), feed())
    again.load_state_dict(state)
    assert again.loader.state == 9
    assert again.feed.progress.done() == 1
    plain = CountedStream(Batches([4]), feed())
    assert plain.state_dict() == {"batches": 0}
    assert np.isscalar(len(DATA))
