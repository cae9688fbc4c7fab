"""What holds for a mixed loader with a batch sampler, whatever the sizes of its batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

import lightning_synthaug as sa
from lightning_synthaug.mixing import BatchCourse, BatchFeed, BatchOrder, CountedProgress, Mixture
from lightning_synthaug.mixing.message import Delivered
from tests.helpers.batches import (
    Author,
    LengthBuckets,
    Paraphraser,
    Sentences,
    TokenBudget,
    loader_of,
    read_words,
    to_item,
    to_record,
)
from tests.helpers.traced import Tracer, traced_dataset

SIZE = 40
DATA = Sentences(SIZE)
SHORT = Sentences(25, source=1, length=3)
RAMP = sa.Linear(0.1, 0.8, over="12ba")


def mixed(ratio: Any = RAMP, *, workers: int = 0, sampler: Any = None, **options: Any) -> Any:
    sampler = TokenBudget(DATA.lengths, 40) if sampler is None else sampler
    loader = loader_of(sampler, DATA, num_workers=workers)
    return sa.mix(loader, options.pop("source", SHORT), ratio, seed=5, **options)


def passes(loader: Any, count: int = 2) -> list[Any]:
    return [[read_words(words) for words, _ in loader] for _ in range(count)]


def test_the_stream_is_the_same_again_and_with_workers() -> None:
    first = passes(mixed(), 3)
    assert len({len(one) for one in first}) > 1  # or passes that vary are not tested
    assert passes(mixed(), 3) == first
    assert passes(mixed(workers=2), 3) == first


@settings(max_examples=20)
@given(st.lists(st.lists(st.integers(0, SIZE - 1), min_size=1, max_size=7), min_size=1, max_size=9))
def test_at_ratio_zero_batches_are_the_samplers_and_else_differ_where_planned(
    batches: list[list[int]],
) -> None:
    plain = passes(mixed(0.0, sampler=batches))
    assert [[s.index for s in rows] for rows in plain[0]] == batches
    assert plain[1] == plain[0]
    half = passes(mixed(0.5, sampler=batches), 1)[0]
    flat = [s for rows in half for s in rows]
    assert [s.source for s in flat] == [n % 2 for n in range(len(flat))]
    assert flat[::2] == [s for rows in plain[0] for s in rows][::2]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_state_saved_in_a_pass_goes_on_exactly(workers: int) -> None:
    whole = passes(mixed(), 3)
    first = len(whole[0])
    for stop in (1, first - 1, first, first + 3):
        loader = mixed(workers=workers)
        states = [loader.state_dict() for _ in range(2) for _ in loader]
        again = mixed(workers=workers)
        again.load_state_dict(states[stop - 1])
        assert again.state_dict() == states[stop - 1]  # until it is iterated
        begun = 0 if stop < first else 1
        done = stop if stop < first else stop - first
        rest = passes(again, 3 - begun)
        assert rest == [whole[begun][done:], *whole[begun + 1 :]], stop


def test_a_pass_that_a_loop_leaves_is_over_also_after_a_resume() -> None:
    whole = passes(mixed(0.0), 3)
    loader = mixed(0.0)
    for n, _ in enumerate(loader):
        if n == 3:
            inside = loader.state_dict()
            break
    outside = loader.state_dict()
    assert passes(loader, 1) == [whole[1]]
    for state, rest in (inside, whole[0][4:]), (outside, whole[1]):
        again = mixed(0.0)
        again.load_state_dict(state)
        assert passes(again, 1) == [rest]


def test_the_length_is_as_the_batch_sampler_tells() -> None:
    loader = mixed()
    with pytest.raises(TypeError, match="does not tell how many batches"):
        len(loader)
    buckets = mixed(sampler=LengthBuckets(DATA.lengths, 4))
    assert len(buckets) == len(list(LengthBuckets(DATA.lengths, 4))) == len(passes(buckets, 1)[0])
    assert (buckets.batch_size, buckets.drop_last) == (None, False)


def test_what_does_not_fit_is_left_out_counted_and_said_once(capfd: Any) -> None:
    long = Sentences(25, source=1, length=12)
    loader = mixed(0.5, source=long)
    for words, _ in loader:
        info = sa.batch_info(loader)
        assert words.numel() <= 40
        assert info.is_synthetic.tolist() == [s.source > 0 for s in read_words(words)]
    totals = loader.feed.totals
    assert totals.planned == SIZE // 2
    assert 0 < totals.misses == totals.planned - totals.served
    assert capfd.readouterr().err.count("do not fit it") == 1


def test_images_of_other_sizes_are_left_out_where_they_cannot_be_stacked() -> None:
    class Images:
        def __init__(self, sizes: list[int], value: float) -> None:
            self.sizes, self.value = sizes, value

        def __len__(self) -> int:
            return len(self.sizes)

        def __getitem__(self, index: int) -> torch.Tensor:
            return torch.full((1, self.sizes[index], 4), self.value)

    real, made = Images([4, 4, 6, 6, 6, 4], 0.0), Images([4, 6, 4], 1.0)
    batches = [[0, 1, 5], [2, 3, 4]]
    loader = sa.mix(DataLoader(real, batch_sampler=batches), made, 0.5, seed=1)
    shapes = [[tuple(b.shape) for b in loader] for _ in range(4)]
    assert shapes == [[(3, 1, 4, 4), (3, 1, 6, 4)]] * 4
    totals = loader.feed.totals
    assert totals.planned == 12
    assert 0 < totals.served < 12
    assert totals.misses == 12 - totals.served


def test_a_default_collate_over_tensors_stacks_as_ever(tmp_path: Path) -> None:
    data = TensorDataset(torch.arange(12).float()[:, None], torch.arange(12) % 3)
    more = TensorDataset(-torch.ones(5, 1), torch.zeros(5, dtype=torch.int64))
    loader = sa.mix(DataLoader(data, batch_sampler=[[3, 1], [2], [5, 4, 9]]), more, 0.5)
    assert [x[:, 0].tolist() for x, _ in loader] == [[3.0, -1.0], [2.0], [-1.0, 4.0, -1.0]]


def test_a_missing_sample_is_stood_in_for_by_the_one_displaced(tmp_path: Path) -> None:
    options = {"cache": tmp_path, "item": to_item, "record": to_record}
    real = passes(mixed(0.0), 1)
    loader = mixed(0.5, source=Author(), fill="off", **options)
    assert passes(loader, 1) == real
    assert (loader.feed.totals.misses, loader.feed.totals.generated) == (SIZE // 2, 0)


def test_a_pass_fills_just_what_it_needs_and_tells_where_it_comes_from(tmp_path: Path) -> None:
    source = Paraphraser()
    loader = mixed(0.5, source=source, cache=tmp_path, item=to_item, record=to_record)
    batches = iter(loader)
    words, _ = next(batches)
    info = sa.batch_info(loader)
    assert len(source.log) == loader.feed.totals.generated == SIZE // 2
    row = info.is_synthetic.tolist().index(True)
    told = info.provenance(row)
    assert told is not None
    assert info.provenance(0) is None
    assert info.rows is not None
    assert info.rows.tolist() == list(range(len(words)))


def test_transforms_and_sources_do_not_hang_on_workers(tmp_path: Path) -> None:
    def inverted(image: Any) -> Any:
        return 255 - image

    data = traced_dataset(SIZE)
    sources = {"made": Tracer(), "there": traced_dataset(11, source=2)}
    options: dict[str, Any] = {"transform": inverted, "transform_p": 0.5, "reuse": 2, "pool": 9}
    seen = []
    for workers in 0, 2:
        batches = BatchSampler(RandomSampler(data), 7, drop_last=False)
        loader = DataLoader(data, batch_sampler=batches, num_workers=workers)
        mix = sa.mix(
            loader, sources, 0.5, weights={"made": 2, "there": 1}, cache=tmp_path, **options
        )
        seen.append([(x.tolist(), sa.batch_info(mix).source) for _ in range(2) for x, _ in mix])
        assert (mix.feed.totals.planned, mix.feed.totals.misses) == (SIZE, 0)
    assert seen[0] == seen[1]
    told = [source for _, sources in seen[0] for source in sources]
    assert {name: told.count(name) for name in sources} == {"made": 27, "there": 13}


def test_each_rank_takes_its_batch() -> None:
    order = BatchOrder([[0, 1], [2], [3, 4, 5], [6], [7]], SIZE)
    recipe = sa.Recipe(source=SHORT, ratio=0.5)
    feeds = [
        BatchFeed(
            Mixture(recipe, DATA),
            order,
            rank=rank,
            world=2,
            leader=rank == 0,
            progress=CountedProgress(),
            course=BatchCourse("error", tell=None),
        )
        for rank in range(2)
    ]
    twins = []
    for feed in feeds:
        feed.begin()
        assert (feed.start, feed.stop, feed.told_length()) == (0, 2, 2)
        for number in range(2):
            matrix = feed.message(number).matrix
            assert matrix is not None
            twins.append(matrix[2].tolist())
            feed.deliver(Delivered(number, None))
            served = feed.served()
            assert served is not None
            assert served.number == number
    assert twins == [[0, 1], [3, 4, 5], [2], [6]]
    assert feeds[0].serves(DATA, order)
    assert not feeds[0].serves(SHORT, order)
    assert feeds[1].state()["batch_sampler"]["taken"] == 4
