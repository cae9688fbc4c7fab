from __future__ import annotations

import copy
import gc
import pickle
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.mixing.rows import BatchRows
from tests.helpers.traced import traced_dataset


def mixed(ratio: float = 0.5, collate: Any = None) -> Any:
    real = DataLoader(traced_dataset(20), 4, collate_fn=collate)
    return sa.mix(real, traced_dataset(9, source=1), ratio)


def bound(loader: Any) -> BatchRows:
    rows = BatchRows()
    rows.bind(loader)
    return rows


def test_rows_are_sorted_by_kind_and_found_again() -> None:
    loader = mixed(0.3)
    rows = bound(loader)
    for _ in loader:
        told = sa.batch_info(loader).is_synthetic
        x = torch.randn(4, 2)
        kinds = rows.kinds(x)
        if kinds is None:
            assert not told.any()
            continue
        assert kinds.real.tolist() == torch.nonzero(~told)[:, 0].tolist()
        assert kinds.synthetic.tolist() == torch.nonzero(told)[:, 0].tolist()
        assert torch.equal(x[torch.cat([kinds.real, kinds.synthetic])][kinds.inverse], x)
        assert rows.kinds(x) is kinds  # once a batch, not once a layer


def test_without_synthetic_rows_there_is_nothing_to_sort() -> None:
    loader = mixed(0.0)
    next(iter(loader))
    assert bound(loader).kinds(torch.zeros(4, 1)) is None


def test_other_rows_than_the_batchs_are_refused() -> None:
    loader = mixed()
    next(iter(loader))
    with pytest.raises(ConfigError, match=r"on the 4 rows of the batch.*got 8 rows.*SA609"):
        bound(loader).kinds(torch.zeros(8, 1))


def test_someone_must_know_the_batch() -> None:
    x = torch.zeros(4, 1)
    with pytest.raises(ConfigError, match=r"got no mixed loader\..*loader=mixed.*SA608"):
        BatchRows().kinds(x)
    loader = mixed()
    rows = bound(loader)
    with pytest.raises(ConfigError, match=r"got no batch of the mixed loader yet.*SA608"):
        rows.kinds(x)
    next(iter(loader))
    assert rows.kinds(x) is not None
    del loader
    gc.collect()
    with pytest.raises(ConfigError, match="SA608"):  # it kept nothing alive
        rows.kinds(x)


def test_mixed_rows_are_of_no_kind() -> None:
    loader = mixed(collate=lambda items: torch.cat([x for x, _ in items])[None])
    next(iter(loader))
    with pytest.raises(ConfigError, match=r"Split BatchNorm statistics.*nothing has 4 rows.*SA607"):
        bound(loader).kinds(torch.zeros(4, 1))


def test_a_copy_is_bound_as_well_but_by_itself_and_a_pickle_is_not() -> None:
    loader, other = mixed(), mixed(1.0)
    rows = bound(loader)
    next(iter(loader)), next(iter(other))
    x = torch.zeros(4, 1)
    copied = copy.deepcopy(rows)
    first, second = rows.kinds(x), copied.kinds(x)
    assert first is not None
    assert second is not None
    assert torch.equal(first.inverse, second.inverse)
    copied.bind(other)
    after, own = rows.kinds(x), copied.kinds(x)
    assert after is first
    assert own is not None
    assert own.synthetic.tolist() == [0, 1, 2, 3]
    with pytest.raises(ConfigError, match="SA608"):
        pickle.loads(pickle.dumps(rows)).kinds(x)
