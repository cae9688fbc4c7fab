"""Seed the global random states for a moment, and put them back."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from lightning_synthaug.plan.seeding import child_seed

__all__ = ["seeded_globals"]


@contextmanager
def seeded_globals(seed: int) -> Iterator[None]:
    """Seed `random`, `numpy.random` and torch's CPU generator inside a `with` block.

    For functions that draw from global state. The three are restored afterwards, also after an
    exception, so that the user's own randomness goes on as if nothing had happened. Torch is left
    alone where it is not loaded, and CUDA generators always.

    Args:
        seed: 64-bit seed. Integer in [0, 2^64).

    Yields:
        Nothing.

    Example:
        >>> with seeded_globals(7):
        ...     first = random.random()
        >>> with seeded_globals(7):
        ...     first == random.random()
        True
    """
    torch = sys.modules.get("torch")
    python_state = random.getstate()
    numpy_state = np.random.get_state()  # noqa: NPY002 - the global state is the point
    torch_state = None if torch is None else torch.default_generator.get_state()
    random.seed(child_seed(seed, "python"))
    np.random.seed(child_seed(seed, "numpy") & 0xFFFFFFFF)  # noqa: NPY002 - as above
    if torch is not None:
        torch.default_generator.manual_seed(child_seed(seed, "torch") >> 1)
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002 - as above
        if torch is not None:
            torch.default_generator.set_state(torch_state)
