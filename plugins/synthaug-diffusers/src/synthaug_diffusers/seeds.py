"""The randomness of a pass: a generator for each row, seeded by its request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lightning_synthaug.generators import Request

if TYPE_CHECKING:
    import torch

__all__ = ["row_generators"]


def row_generators(rows: Sequence[Request]) -> list[torch.Generator]:
    """Make a random generator for each row.

    Args:
        rows: Requests of a pass.

    Returns:
        Generators on the CPU, so that the noise is the same whatever the device.
    """
    import torch

    return [torch.Generator().manual_seed(request.seed) for request in rows]
