"""What `synthaug cache` is made of: one module for each group of its commands."""

from __future__ import annotations
