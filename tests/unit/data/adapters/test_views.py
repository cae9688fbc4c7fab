from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, Dataset, Subset, TensorDataset

from lightning_synthaug.data import adapt
from lightning_synthaug.data.adapters import ConcatAdapter, SubsetAdapter
from lightning_synthaug.errors import DataError

LEFT = TensorDataset(torch.rand(5, 3, 5, 6), torch.arange(5))
RIGHT = TensorDataset(torch.rand(3, 3, 5, 6), torch.arange(5, 8))


def assert_reads_its_own_samples(dataset: Any) -> None:
    adapter = adapt(dataset)
    for index in range(len(dataset)):
        image, label = adapter.item(adapter.record(index))
        assert torch.equal(image, dataset[index][0])
        assert torch.equal(label, dataset[index][1])
        assert torch.equal(adapter.real(index)[0], image)


@pytest.mark.parametrize(
    "dataset",
    [
        Subset(LEFT, [4, 2, 2]),
        Subset(LEFT, torch.tensor([4, 0])),
        ConcatDataset([LEFT, RIGHT]),
        Subset(ConcatDataset([LEFT, Subset(RIGHT, [2, 0])]), np.array([6, 0, 5])),
        ConcatDataset([Subset(LEFT, [1]), RIGHT]),
    ],
)
def test_views_read_what_they_show(dataset: Any) -> None:
    assert_reads_its_own_samples(dataset)
    assert adapt(dataset).has_records


def test_views_stack_like_what_is_below() -> None:
    columns = {"image": np.zeros((2, 5, 6, 3), np.float32), "label": np.arange(2)}
    for dataset in (Subset(LEFT, [0]), ConcatDataset([LEFT, RIGHT])):
        stacked = adapt(dataset).stack(columns)
        assert stacked is not None
        assert stacked[0].shape == (2, 3, 5, 6)


def test_items_of_different_kinds_are_made_like_the_first() -> None:
    both = ConcatDataset([LEFT, [(np.ones((5, 6, 3), np.float32), 1)]])  # type: ignore[list-item]
    adapter = adapt(both)
    image, label = adapter.item(adapter.record(5))
    assert isinstance(image, torch.Tensor)
    assert int(label) == 1


def test_negative_indices_count_from_the_end() -> None:
    adapter = adapt(ConcatDataset([LEFT, RIGHT]))
    assert adapter.record(-1)["label"] == 7
    with pytest.raises(DataError, match=r"must lie in \[-8, 7\], got 8"):
        adapter.record(8)


class Augmented(Dataset[Any]):
    """A selection with a transform of its own."""

    def __init__(self, dataset: Any, indices: list[int]) -> None:
        self.dataset = dataset
        self.indices = indices
        self.transform = lambda image: image + 1

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        image, label = self.dataset[self.indices[index]]
        return self.transform(image), label


def test_a_selection_with_a_transform_is_no_mere_view() -> None:
    dataset = Augmented(LEFT, [3, 1])
    adapter = adapt(dataset)
    assert not isinstance(adapter, SubsetAdapter)
    assert np.array_equal(adapter.record(0)["image"], LEFT[3][0].permute(1, 2, 0).numpy())
    assert torch.equal(adapter.item(adapter.record(0))[0], dataset[0][0])


def test_records_are_missing_when_any_part_has_none() -> None:
    adapter = adapt(ConcatDataset([LEFT, [({}, 1)]]))  # type: ignore[list-item]
    assert isinstance(adapter, ConcatAdapter)
    with pytest.raises(DataError, match="must be flat"):
        adapter.record(5)
    assert not adapter.has_records
