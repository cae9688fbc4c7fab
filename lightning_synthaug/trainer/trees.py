"""Several train loaders in a list, a dict or a `CombinedLoader`: find the one to mix, and put it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch.utils.data import DataLoader

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.trainer.hooks import combined_mode

__all__ = ["Path", "is_tree", "leaves", "replaced", "select"]

#: Keys and places that lead to a loader, from the root.
Path = tuple[Any, ...]


def is_tree(loader: Any) -> bool:
    """Tell whether there are several loaders.

    Args:
        loader: What the user gave.

    Returns:
        True for lists, tuples, dicts and Lightning's `CombinedLoader`.
    """
    return isinstance(loader, (list, tuple, dict)) or combined_mode(loader) is not None


def leaves(tree: Any) -> Iterator[tuple[Path, Any]]:
    """Walk through the loaders in Lightning's order.

    Args:
        tree: Loaders in lists, tuples, dicts and `CombinedLoader` objects.

    Yields:
        The path to each and the loader.
    """
    if combined_mode(tree) is not None:
        tree = tree.iterables
    if isinstance(tree, Mapping):
        pairs: Any = tree.items()
    elif isinstance(tree, (list, tuple)):
        pairs = enumerate(tree)
    else:
        yield (), tree
        return
    for key, below in pairs:
        for path, loader in leaves(below):
            yield (key, *path), loader


def select(tree: Any, target: Any) -> tuple[Path, Any]:
    """Find the loader to mix.

    Args:
        tree: Several loaders.
        target: Its key or place, or a list of them from the root; None when there is one DataLoader only.

    Returns:
        The path to it and the loader.

    Raises:
        ConfigError: No loader, or more than one, is meant (SA706).
    """
    found = list(leaves(tree))
    wanted: Path = tuple(target) if isinstance(target, (list, tuple)) else (target,)
    if target is None:
        chosen = [(path, loader) for path, loader in found if isinstance(loader, DataLoader)]
    else:
        chosen = [(path, loader) for path, loader in found if path[: len(wanted)] == wanted]
    if len(chosen) != 1:
        names = [list(path) if len(path) > 1 else path[0] for path, _ in found]
        raise ConfigError(
            "SA706",
            f"`target` must name the one train loader to mix, got {target!r} with loaders at {names!r}. Pass "
            "`target=` with one of these.",
        )
    return chosen[0]


def replaced(tree: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    """Copy a tree with another loader at one place; the user's own stays as it is.

    Args:
        tree: Several loaders.
        path: Where.
        change: Makes the new loader from the old one.

    Returns:
        A tree of the same kind.
    """
    if not path:
        return change(tree)
    if combined_mode(tree) is not None:
        return type(tree)(replaced(tree.iterables, path, change), combined_mode(tree))
    key, *rest = path
    if isinstance(tree, dict):
        return {**tree, key: replaced(tree[key], tuple(rest), change)}
    items = list(tree)
    items[key] = replaced(items[key], tuple(rest), change)
    return type(tree)(items) if type(tree) in (list, tuple) else type(tree)(*items)
