"""What gates see of a sample: vectors whose distances mean something, offline by default."""

from __future__ import annotations

from lightning_synthaug.generators.gates.embeddings.base import Embedding
from lightning_synthaug.generators.gates.embeddings.choice import default_embedding
from lightning_synthaug.generators.gates.embeddings.columns import TableColumns
from lightning_synthaug.generators.gates.embeddings.functions import CallableEmbedding
from lightning_synthaug.generators.gates.embeddings.gradients import OrientedGradients
from lightning_synthaug.generators.gates.embeddings.mel import LogMel
from lightning_synthaug.generators.gates.embeddings.network import TorchEmbedding
from lightning_synthaug.generators.gates.embeddings.ngrams import HashedNgrams
from lightning_synthaug.generators.gates.embeddings.sentences import SentenceEmbedding

__all__ = [
    "CallableEmbedding",
    "Embedding",
    "HashedNgrams",
    "LogMel",
    "OrientedGradients",
    "SentenceEmbedding",
    "TableColumns",
    "TorchEmbedding",
    "default_embedding",
]
