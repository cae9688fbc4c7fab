from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch.utils.data import DataLoader, default_collate

import lightning_synthaug as sa
from lightning_synthaug.errors import CacheError, ConfigError, DataError
from lightning_synthaug.mixing import Mixture, Recipe
from lightning_synthaug.mixing.describing import unmakeable_text
from lightning_synthaug.plan import Epoch, Plan
from tests.helpers.traced import Tracer, traced_dataset

SIZE = 45
EPOCH = Epoch(SIZE, 8)


def mixture(cache: Path, data: Any = None, **options: Any) -> Mixture:
    recipe = Recipe(**({"source": Tracer(), "ratio": 0.5, "cache": cache} | options))
    return Mixture(recipe, data or traced_dataset(SIZE))


def compiled(m: Mixture) -> Plan:
    return m.compile(EPOCH, EPOCH.slot(18))


def test_making_one_opens_nothing(tmp_path: Path) -> None:
    m = mixture(tmp_path / "cache")
    m.worker_dataset(default_collate)
    compiled(m)
    assert list(tmp_path.iterdir()) == []


def test_labels_come_from_the_dataset_or_the_user(tmp_path: Path) -> None:
    assert mixture(tmp_path).labels is not None
    mine = np.arange(SIZE) % 2
    assert mixture(tmp_path, labels=mine).labels.tolist() == mine.tolist()  # type: ignore[union-attr]
    unlabelled = [(np.zeros((6, 6), np.uint8), 0.5)] * SIZE
    existing = mixture(tmp_path, unlabelled, source=traced_dataset(9))
    assert existing.labels is None
    with pytest.raises(DataError, match="SA208"):
        _ = mixture(tmp_path, unlabelled).labels


def test_labels_that_a_generator_cannot_make_stay_real(tmp_path: Path) -> None:
    for options in ({"source": Tracer(labels=[7])}, {}):
        m = mixture(tmp_path, label_map={0: 7, 5: 8}, **options)
        slots = compiled(m).slots(0, 90)
        assert ((slots.index < 0) == (slots.is_synthetic & (slots.label != 0))).all()
        text = unmakeable_text(m.recipe, slots.where(slots.index < 0))
        assert "['synthetic'] cannot make the labels [1, 2]" in text
        assert "label_map={user_label: generator_label}" in text


def test_a_plan_does_not_depend_on_where_it_is_made(tmp_path: Path) -> None:
    first, second = compiled(mixture(tmp_path)), compiled(mixture(tmp_path / "other"))
    assert first.slots(0, 900).matrix().tolist() == second.slots(0, 900).matrix().tolist()


def test_places_are_those_of_the_store(tmp_path: Path) -> None:
    m = mixture(tmp_path)
    slots = compiled(m).slots(0, 45)
    assert (m.places(slots) < 0).all()
    (source,) = m.generated
    wanted = source.needs.of_range(compiled(m), 0, 45)
    source.fill(source.look_up(wanted))
    places = m.places(slots)
    assert ((places[:, 0] >= 0) == slots.is_synthetic).all()
    other = mixture(tmp_path)
    assert (other.places(slots) < 0).all()
    assert other.places(slots, look_again=True).tolist() == places.tolist()
    for each in (m, other):
        each.close()
        each.close()


def test_datasets_alone_open_no_store(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    recipe = Recipe(source=traced_dataset(9, source=1), ratio=0.5, cache=folder)
    mixture = Mixture(recipe, traced_dataset(45))
    places = mixture.places(mixture.compile(Epoch(45, 8), None).batch(0))
    assert (places < 0).all()
    mixture.close()
    assert not folder.exists()


def test_a_file_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CacheError, match=r"`cache` must be a folder, got the file.*SA505"):
        mixture(tmp_path / "file").worker_dataset(default_collate)


def test_balance_by_label_reads_labels_of_an_existing_dataset(tmp_path: Path) -> None:
    items = [traced_dataset(9, source=1)[i] for i in range(9)]
    slots = compiled(mixture(tmp_path, source=items, balance={1: 1})).slots(0, 45)
    assert set(slots.label[slots.is_synthetic].tolist()) == {1}
    with pytest.raises(ConfigError, match="SA111"):
        compiled(mixture(tmp_path, source=items, balance={9: 1}))


@pytest.mark.parametrize("workers", [0, 2])
def test_it_ends_with_its_loader_and_not_with_the_next_collection(
    tmp_path: Path, workers: int
) -> None:
    """Its store is open until then, and the shard that it writes has its full length."""
    data = traced_dataset(45)
    loader = sa.mix(DataLoader(data, 8, num_workers=workers), Tracer(), 0.5, cache=tmp_path)
    for _ in loader:
        pass
    mine = weakref.ref(loader.feed.mixture)
    gc.collect()
    gc.disable()
    try:
        del loader
        assert mine() is None
    finally:
        gc.enable()
