"""Watch what a generator makes, sample by sample, for a collapse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias, final

import numpy as np

from lightning_synthaug.generators.gates.kernel import squared_distances
from lightning_synthaug.generators.gates.watch.collapse import Collapse, Statistic
from lightning_synthaug.generators.gates.watch.covering import Covering
from lightning_synthaug.generators.gates.watch.evidence import Evidence
from lightning_synthaug.generators.gates.watch.reference import Group, Reference
from lightning_synthaug.generators.gates.watch.repeats import embedding_for
from lightning_synthaug.generators.gates.watch.windows import Windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.gates.embeddings import Embedding
    from lightning_synthaug.generators.request import Request

__all__ = ["CollapseWatch"]

#: Part of what is new among real samples that is healthy at least, whatever a generator began with.
_FLOOR: Final = 0.25
#: Samples that take the place of real ones where there are none.
_OWN: Final = 128

_Vectors: TypeAlias = "npt.NDArray[np.float32]"


@final
class CollapseWatch:
    """Ask of each sample whether it is new, in three ways, and whether fewer are than there were.

    A sample is new in *similarity* when it is unlike the last ones of its label and the last ones of
    any; in *coverage* when it lies near a real sample that none of the last ones of its label lie
    near; and, where the generator chooses labels by itself, in *labels* when it shows another one
    than the sample before: the chance of that is the label entropy of order two. What is alike and
    near, real samples tell; how many are new, the generator's own first samples. Each is counted for
    all labels together and for each by itself, see `Evidence`.

    What it says depends on the samples and their order alone. At most 16 samples of a label are kept.

    Args:
        embedding: How samples are compared; None: by the default for such samples.
        reference: The real samples, embedded likewise; None: the first 128 generated ones take their
            place. Of a generator that was collapsed from the beginning only exact repeats are then
            noticed.
        chooses: Whether the generator chooses labels by itself.

    Attributes:
        collapse: The first one that was noticed; afterwards nothing more is looked at.
    """

    def __init__(
        self,
        embedding: Embedding | None = None,
        reference: Reference | None = None,
        *,
        chooses: bool = False,
    ) -> None:
        self.collapse: Collapse | None = None
        self._embedding, self._reference, self._chooses = embedding, reference, chooses
        self._real = reference is not None
        self._made = 0
        self._own: list[tuple[_Vectors, list[int | None]]] = []
        self._windows = Windows()
        self._covering: dict[int | None, Covering] = {}
        self._evidence: dict[tuple[Statistic, int | None], Evidence] = {}
        self._shown = -1

    def see(self, requests: Sequence[Request], records: Sequence[Record]) -> Collapse | None:
        """Look at samples that were made.

        Args:
            requests: What was asked for.
            records: The samples, in the order in which they were made.

        Returns:
            The collapse that is noticed with them; None where there is none, or it was told before.

        Raises:
            GateError: The embedding cannot see such samples (SA450).
        """
        if self.collapse is not None or not records:
            return None
        self._embedding = self._embedding or embedding_for(records[0])
        vectors = self._embedding.embed(records)
        labels = [_label(request) for request in requests]
        if self._reference is None:
            self._take_for_real(vectors, labels)
        else:
            self.collapse = self._look(self._reference, vectors, labels)
        return self.collapse

    def shares(self) -> dict[Statistic, tuple[float, float]]:
        """Tell how diverse the samples are.

        Returns:
            For each statistic the share of samples that were new, of the first ones and of all.
        """
        pooled = {name: e for (name, label), e in self._evidence.items() if label is None}
        return {name: (e.usual, e.fresh / e.seen) for name, e in pooled.items()}

    def _take_for_real(self, vectors: _Vectors, labels: list[int | None]) -> None:
        """Gather the first samples."""
        self._made += len(labels)
        self._own.append((vectors, labels))
        if self._made >= _OWN:
            known = [label for _, part in self._own for label in part if label is not None]
            codes = np.array(known, np.int64) if len(known) == self._made else None
            self._reference = Reference(np.concatenate([v for v, _ in self._own]), codes)
            self._own.clear()

    def _look(
        self, real: Reference, vectors: _Vectors, labels: list[int | None]
    ) -> Collapse | None:
        """Look at samples one by one."""
        groups = {label: real.group(label) for label in labels}
        sizes = {label: group.window for label, group in groups.items()}
        nearest = self._windows.nearest(vectors, labels, sizes)
        to_real = squared_distances(vectors, real.vectors)
        shown = None
        if self._chooses and real.labels is not None:
            shown = real.labels[to_real.argmin(axis=1)].tolist()
        for i, label in enumerate(labels):
            self._made += 1
            group, near = groups[label], nearest[i]
            found = None
            if near is not None:
                floor = _FLOOR * (group.usual if self._real else 1.0)
                found = self._add("similarity", label, new=near > group.alike, floor=floor)
            if (new := self._covers(label, group, to_real[i])) is not None:
                found = found or self._add("coverage", label, new=new)
            if shown is not None:
                found = found or self._add("labels", None, new=shown[i] != self._shown)
                self._shown = shown[i]
            if found is not None:
                return found
        return None

    def _covers(self, label: int | None, group: Group, to_real: _Vectors) -> bool | None:
        """Tell whether a sample covers a real one that none of the last ones covers; None where that is not known."""
        if not group.radii.size:
            return None
        covering = self._covering.get(label)
        if covering is None:
            covering = self._covering[label] = Covering(group.window, group.radii.size)
        return covering.add(to_real[group.members] <= group.radii)

    def _add(
        self, statistic: Statistic, label: int | None, *, new: bool, floor: float = 0.0
    ) -> Collapse | None:
        """Count a sample for all labels and for its own."""
        for of in dict.fromkeys([None, label]):
            evidence = self._evidence.setdefault((statistic, of), Evidence(floor))
            if evidence.add(new):
                return Collapse(
                    statistic, of, evidence.run_fresh, evidence.run, evidence.usual, self._made
                )
        return None


def _label(request: Request) -> int | None:
    """Read what a sample is to show; a variant of a real one shows what that does."""
    label = request.label if request.twin is None else request.twin.get("label")
    return label if isinstance(label, int) else None
