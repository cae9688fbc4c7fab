"""One adapter per kind of dataset; `lightning_synthaug.data.adapter.adapt` chooses."""

from __future__ import annotations

from lightning_synthaug.data.adapters.base import DatasetAdapter
from lightning_synthaug.data.adapters.callables import CallableAdapter
from lightning_synthaug.data.adapters.formatted import FormattedAdapter
from lightning_synthaug.data.adapters.items import ItemAdapter
from lightning_synthaug.data.adapters.views import ConcatAdapter, SubsetAdapter

__all__ = [
    "CallableAdapter",
    "ConcatAdapter",
    "DatasetAdapter",
    "FormattedAdapter",
    "ItemAdapter",
    "SubsetAdapter",
]
