"""What contract suites look at: arguments kept, constructors free, global randomness left alone."""

from __future__ import annotations

import contextlib
import inspect
import random
from typing import TYPE_CHECKING, Any, TypeVar
from unittest import mock

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["made_again", "nothing_opened", "random_states", "skip"]

T = TypeVar("T")


def made_again(made: T) -> T:
    """Call the constructor with the attributes that have its arguments' names.

    Args:
        made: An object whose constructor takes arguments by name.

    Returns:
        An equal one.

    Raises:
        AssertionError: An argument is not kept as an attribute.
    """
    kind = type(made)
    arguments = {}
    for name, parameter in inspect.signature(kind).parameters.items():
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            assert hasattr(made, name), f"`{name}` must be kept as an attribute"
            arguments[name] = getattr(made, name)
    return kind(**arguments)


@contextlib.contextmanager
def nothing_opened() -> Iterator[None]:
    """Fail when a file is opened or a process started inside the block.

    Raises:
        AssertionError: That happens.
    """

    def refused(*arguments: object, **_: object) -> None:
        raise AssertionError(f"the constructor must not open files or start processes: {arguments}")

    with contextlib.ExitStack() as stack:
        for place in ("builtins.open", "io.open", "os.open", "subprocess.Popen"):
            stack.enter_context(mock.patch(place, refused))
        yield


def random_states() -> list[Any]:
    """Read the global random states in a form that can be compared.

    Returns:
        Those of Python, NumPy and torch.
    """
    import torch

    legacy: Any = np.random.get_state()  # noqa: NPY002  the global state itself is what is watched
    return [
        random.getstate(),
        legacy[1].tobytes(),
        legacy[2],
        torch.random.get_rng_state().numpy().tobytes(),
    ]


def skip(reason: str) -> None:
    """Skip the running test.

    Args:
        reason: Why.
    """
    import pytest

    pytest.skip(reason)
