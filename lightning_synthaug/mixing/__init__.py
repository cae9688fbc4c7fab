"""Mixed loaders: the plan turned into batches, and the plain-PyTorch face."""

from __future__ import annotations

from lightning_synthaug.mixing.accounts import Served
from lightning_synthaug.mixing.batchcourse import BatchCourse
from lightning_synthaug.mixing.batched import batch_order, check_batches
from lightning_synthaug.mixing.batchfeed import BatchFeed
from lightning_synthaug.mixing.batchnorm import merge_batchnorm, row_sources, split_batchnorm
from lightning_synthaug.mixing.batchorders import BatchOrder
from lightning_synthaug.mixing.causes import CAUSES
from lightning_synthaug.mixing.course import Course
from lightning_synthaug.mixing.feed import Feed
from lightning_synthaug.mixing.indexedfeed import IndexedFeed
from lightning_synthaug.mixing.info import BatchInfo, batch_info
from lightning_synthaug.mixing.ledger import Ledger
from lightning_synthaug.mixing.ledgerhead import recorder_for
from lightning_synthaug.mixing.loader import MixedLoader, mixed_loader
from lightning_synthaug.mixing.mix import mix
from lightning_synthaug.mixing.mixture import Mixture
from lightning_synthaug.mixing.ondevice import images_of
from lightning_synthaug.mixing.progress import CountedProgress, Progress
from lightning_synthaug.mixing.recipe import Recipe, Source, default_cache
from lightning_synthaug.mixing.recorder import Recorder
from lightning_synthaug.mixing.replay import replaying
from lightning_synthaug.mixing.rows import HasFeed
from lightning_synthaug.mixing.shape import LoaderShape, first_batches, loader_shape
from lightning_synthaug.mixing.streamcourse import StreamCourse
from lightning_synthaug.mixing.streamed import (
    StreamedLoader,
    check_stream,
    is_stream,
    loader_facts,
    streamed_loader,
)
from lightning_synthaug.mixing.streamfeed import StreamFeed
from lightning_synthaug.mixing.totals import Totals
from lightning_synthaug.mixing.workers import FirstCheck

__all__ = [
    "CAUSES",
    "BatchCourse",
    "BatchFeed",
    "BatchInfo",
    "BatchOrder",
    "CountedProgress",
    "Course",
    "Feed",
    "FirstCheck",
    "HasFeed",
    "IndexedFeed",
    "Ledger",
    "LoaderShape",
    "MixedLoader",
    "Mixture",
    "Progress",
    "Recipe",
    "Recorder",
    "Served",
    "Source",
    "StreamCourse",
    "StreamFeed",
    "StreamedLoader",
    "Totals",
    "batch_info",
    "batch_order",
    "check_batches",
    "check_stream",
    "default_cache",
    "first_batches",
    "images_of",
    "is_stream",
    "loader_facts",
    "loader_shape",
    "merge_batchnorm",
    "mix",
    "mixed_loader",
    "recorder_for",
    "replaying",
    "row_sources",
    "split_batchnorm",
    "streamed_loader",
]
