"""What gates see of a sample: vectors whose distances mean something, offline by default."""

from __future__ import annotations

from lightning_synthaug.generators.gates.embeddings.base import Embedding
from lightning_synthaug.generators.gates.embeddings.choice import default_embedding
from lightning_synthaug.generators.gates.embeddings.gradients import OrientedGradients

__all__ = ["Embedding", "OrientedGradients", "default_embedding"]
