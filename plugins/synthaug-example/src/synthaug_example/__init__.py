"""Discs whose size is the label: the smallest complete generator plugin."""

from __future__ import annotations

from synthaug_example.discs import Discs

__all__ = ["Discs"]
