"""Ready-made classical augmentation, for `transform=` and for pipelines of the user's own."""

from __future__ import annotations

from lightning_synthaug.transforms.picture import images
from lightning_synthaug.transforms.wording import text

__all__ = ["images", "text"]
