"""What the package ships besides code: the demo's generator, and the split of the digits that it was fitted on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lightning_synthaug.assets.digits_split import Digits, DigitsSplit, digits_split

if TYPE_CHECKING:
    from lightning_synthaug.generators.torch_generator import TorchGenerator

__all__ = ["DEMO_CARD", "Digits", "DigitsSplit", "demo_generator", "digits_split"]

DEMO_CARD = Path(__file__).with_name("demo_generator.json")
"""Card of the demo's generator; the weights lie beside it."""


def demo_generator(*, batch_size: int = 256) -> TorchGenerator:
    """Make the demo's class-conditional generator of handwritten 8x8 digits.

    `scripts/train_demo_generator.py` fitted it on the partner's part of `digits_split` and on
    nothing else.

    Args:
        batch_size: Rows of every forward pass, >= 1.

    Returns:
        The generator, not loaded yet; labels 0 to 9, uint8 images of shape (8, 8).

    Example:
        >>> sorted(demo_generator().labels)
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    from lightning_synthaug.generators.card import generator_from_card

    return generator_from_card(DEMO_CARD, batch_size=batch_size)
