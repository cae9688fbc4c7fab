from __future__ import annotations

import pytest

from lightning_synthaug.data import DatasetAdapter, adapt


def test_the_base_is_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        DatasetAdapter([])  # type: ignore[abstract]


def test_length_and_real_items_are_those_of_the_dataset() -> None:
    dataset = [(1.0, 2), (3.0, 4)]
    adapter = adapt(dataset)
    assert isinstance(adapter, DatasetAdapter)
    assert adapter.dataset is dataset
    assert len(adapter) == 2
    assert adapter.real(1) is dataset[1]
