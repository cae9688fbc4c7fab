"""The watch for collapse: does a generator go on to make samples that differ?"""

from __future__ import annotations

from lightning_synthaug.generators.gates.watch.collapse import Collapse
from lightning_synthaug.generators.gates.watch.reference import Reference
from lightning_synthaug.generators.gates.watch.repeats import ExactRepeats, embedding_for
from lightning_synthaug.generators.gates.watch.watch import CollapseWatch

__all__ = ["Collapse", "CollapseWatch", "ExactRepeats", "Reference", "embedding_for"]
