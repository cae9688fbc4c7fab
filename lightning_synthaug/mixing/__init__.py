"""Mixed loaders: the plan turned into batches, and the plain-PyTorch face."""

from __future__ import annotations

from lightning_synthaug.mixing.feed import Feed, Served, Totals
from lightning_synthaug.mixing.info import BatchInfo, batch_info
from lightning_synthaug.mixing.loader import MixedLoader, mixed_loader
from lightning_synthaug.mixing.mix import mix
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.progress import CountedProgress, Progress
from lightning_synthaug.mixing.recipe import Recipe, Source, default_cache
from lightning_synthaug.mixing.shape import LoaderShape, loader_shape

__all__ = [
    "BatchInfo",
    "CountedProgress",
    "Feed",
    "LoaderShape",
    "MixedLoader",
    "Mixture",
    "Progress",
    "Recipe",
    "Served",
    "Source",
    "Totals",
    "batch_info",
    "default_cache",
    "loader_shape",
    "mix",
    "mixed_loader",
]
