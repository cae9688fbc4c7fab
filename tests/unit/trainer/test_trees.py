from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import torch
from lightning.pytorch.utilities import CombinedLoader
from torch.utils.data import DataLoader, TensorDataset

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.trainer.trees import is_tree, leaves, replaced, select

A, B, C = (DataLoader(TensorDataset(torch.zeros(n)), 1) for n in (1, 2, 3))


class Pair(NamedTuple):
    first: Any
    second: Any


def test_trees_are_told_from_loaders() -> None:
    assert all(map(is_tree, ([A], (A,), {"a": A}, CombinedLoader([A]))))
    assert not any(map(is_tree, (A, iter([1]), None)))


def test_leaves_come_with_their_paths() -> None:
    tree = CombinedLoader({"x": [A, B], "y": {"z": C}}, "max_size")
    assert list(leaves(tree)) == [(("x", 0), A), (("x", 1), B), (("y", "z"), C)]


@pytest.mark.parametrize(
    ("tree", "target", "path"),
    [
        ([A, B], 1, (1,)),
        ({"x": [A, B], "y": C}, "y", ("y",)),
        ({"x": [A, B], "y": C}, ["x", 0], ("x", 0)),
        ({"x": A}, None, ("x",)),
        ([A, range(3)], None, (0,)),
    ],
)
def test_one_is_selected(tree: Any, target: Any, path: Any) -> None:
    assert select(tree, target)[0] == path


@pytest.mark.parametrize(
    ("tree", "target"), [([A, B], None), ([A, B], 2), ({"x": [A, B]}, "x"), ([1, 2], None)]
)
def test_none_or_several_are_refused(tree: Any, target: Any) -> None:
    with pytest.raises(ConfigError, match=rf"`target` must name .*, got {target!r} with.*SA706"):
        select(tree, target)


def test_replacing_leaves_the_users_tree_alone() -> None:
    tree = {"x": [A, B], "y": Pair(A, C)}
    changed = replaced(tree, ("y", 1), lambda loader: (loader, "mixed"))
    assert tree == {"x": [A, B], "y": Pair(A, C)}
    assert changed == {"x": [A, B], "y": Pair(A, (C, "mixed"))}
    combined = CombinedLoader([A, B], "min_size")
    other = replaced(combined, (1,), lambda _: C)
    assert type(other) is CombinedLoader
    assert (other._mode, other.iterables, combined.iterables) == ("min_size", [A, C], [A, B])
