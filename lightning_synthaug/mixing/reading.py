"""How the user's datasets are read, in whatever process that is: as torch would."""

from __future__ import annotations

from typing import Any

from torch.utils.data import get_worker_info

from lightning_synthaug.data.leaves import type_name
from lightning_synthaug.errors import DataError

__all__ = ["read_items", "read_whole", "show_own"]


def read_whole(dataset: Any, indices: list[int]) -> Any:
    """Read a batch that is all of one dataset's, as torch does.

    Args:
        dataset: Any dataset.
        indices: Which samples.

    Returns:
        Items, or whatever the dataset returns for several indices.
    """
    bulk = getattr(dataset, "__getitems__", None)
    return bulk(indices) if bulk else [dataset[i] for i in indices]


def read_items(dataset: Any, indices: list[int]) -> list[Any]:
    """Read items that others will stand beside, in bulk where a dataset offers it.

    Args:
        dataset: Any dataset.
        indices: Which samples; may be none.

    Returns:
        One item for each.

    Raises:
        DataError: The dataset returned something else than a list with an item for each index (SA216).
    """
    read = read_whole(dataset, indices) if indices else []
    if type(read) is list and len(read) == len(indices):
        return read
    got = f"a list of {len(read)}" if type(read) is list else f"a {type_name(read)}"
    raise DataError(
        "SA216",
        "`__getitems__` of a dataset whose samples are mixed must return a list with one item for each index, got "
        f"{got} for {len(indices)} indices from a {type_name(dataset)}. Return one for each, in the same order, or "
        "leave `__getitems__` out: items are then read one by one.",
    )


def show_own(mixed: Any) -> None:
    """Name the user's dataset in `get_worker_info()`, where datasets and `worker_init_fn` look for themselves.

    Args:
        mixed: The mixed dataset that torch put there; what is there by now is left alone. Outside workers there is
            nothing to do.
    """
    info: Any = get_worker_info()
    if info is not None and info.dataset is mixed:
        # The class is frozen: nobody but the owner of the dataset may change it, which this loader is.
        object.__setattr__(info, "dataset", mixed.adapter.dataset)
