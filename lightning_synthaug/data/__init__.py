"""The user's data as the rest of the package sees it: records, adapters, labels, transforms."""

from __future__ import annotations

from lightning_synthaug.data.adapter import DatasetAdapter, adapt
from lightning_synthaug.data.check import check_compatible
from lightning_synthaug.data.fingerprint import fingerprint
from lightning_synthaug.data.labels import LabelMap, LabelTable, find_labels
from lightning_synthaug.data.modality import MODALITIES, Modality
from lightning_synthaug.data.record import Record, Value
from lightning_synthaug.data.structure import describe
from lightning_synthaug.data.transforms import SampleTransform, build_transform
from lightning_synthaug.data.verdict import Verdict

__all__ = [
    "MODALITIES",
    "DatasetAdapter",
    "LabelMap",
    "LabelTable",
    "Modality",
    "Record",
    "SampleTransform",
    "Value",
    "Verdict",
    "adapt",
    "build_transform",
    "check_compatible",
    "describe",
    "find_labels",
    "fingerprint",
]
