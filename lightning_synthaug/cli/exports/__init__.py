"""Samples of a cache as files that other programs read: folders, WebDataset tars, Parquet."""

from __future__ import annotations

from lightning_synthaug.cli.exports.export import FORMATS, Exported, export

__all__ = ["FORMATS", "Exported", "export"]
