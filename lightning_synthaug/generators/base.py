"""The one class that everything which makes samples derives from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lightning_synthaug.data.modality import Modality
    from lightning_synthaug.data.record import Record
    from lightning_synthaug.generators.gates.base import Gate
    from lightning_synthaug.generators.request import Conditioning, Rejection, Request

__all__ = ["Generator"]


class Generator(ABC):
    """Make synthetic samples on request.

    A subclass has a constructor that is free (no weights, no CUDA, no files, no processes) and
    keeps each argument as an attribute of the same name, says in `fingerprint` everything that its
    output depends on, and turns requests into records in `generate`. All randomness comes from
    `request.seed`, so that the same request gives the same sample whatever else is in the batch;
    global random state is never touched.

    Attributes:
        name: What reports call this generator, or None for the name of its class.
        modality: What kind of samples it makes.
        conditioning: `"none"`: it has no say in the label. `"class"`: it makes a sample of the
            label asked for. `"twin"`: it makes a variant of the real sample in the request.
        labels: Labels that it can make, or None for any.
        batch_size: Most requests that one call of `generate` takes at its full speed, >= 1.
        max_batch_size: Up to how many requests filling may try at once, to find what is fastest on
            a device: it doubles `batch_size` while that pays and memory lasts. None: it is kept.
        shape: Shape of the main array of each sample where it is known beforehand, else None.
        variable_shape: Whether images (and their masks) of one run may differ in shape; other arrays always may.
        price: What a request costs, >= 0, in the currency of `budget={"money": ...}`.
        licence: Licence of the samples, for the provenance.
        source: Where weights or samples come from, for the provenance.
        libraries: Distributions that samples depend on, besides NumPy and torch; the provenance tells their versions.

    Example:
        >>> import numpy as np
        >>> from lightning_synthaug.data.record import Record
        >>> class Grey(Generator):
        ...     def fingerprint(self):
        ...         return "grey-1"
        ...     def generate(self, requests):
        ...         return [Record({"image": np.full((2, 2), r.seed % 256, np.uint8)}) for r in requests]
        >>> Grey().provenance()["fingerprint"]
        'grey-1'
    """

    name: str | None = None
    modality: Modality = "image"
    conditioning: Conditioning = "none"
    labels: frozenset[int] | None = None
    batch_size: int = 64
    max_batch_size: int | None = None
    shape: tuple[int, ...] | None = None
    variable_shape: bool = False
    price: float = 0.0
    licence: str | None = None
    source: str | None = None
    libraries: Sequence[str] = ()

    @abstractmethod
    def fingerprint(self) -> str:
        """Identify everything that a sample depends on besides its request.

        Weights, settings that change the output, and a version of the code; not the device, the
        batch size, the name or a path. A cached sample is served again for as long as this string
        stays the same.

        Returns:
            A short string, the same in every process and on every machine.
        """

    @abstractmethod
    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        """Make one batch.

        Args:
            requests: What to make; each is answered on its own.

        Returns:
            One record or rejection for each request, in order. A record of an image carries
            `"image"`, and `"label"` when `conditioning` is `"class"`.
        """

    def load(self, device: str = "cpu") -> None:
        """Get ready to generate: read weights, open what is needed.

        Args:
            device: Torch device, for example `"cpu"` or `"cuda:0"`. Generators without a network
                ignore it.
        """
        self._device = device

    def unload(self) -> None:
        """Give back the memory that `load` took; the generator can be loaded again."""
        self._device = None

    def count(self, label: int | None = None) -> int | None:
        """Say how many distinct samples there can be.

        Args:
            label: Of this label, or None for all together.

        Returns:
            The count, or None when there is no end to them.
        """
        del label
        return None

    def label_names(self) -> Mapping[int, str] | None:
        """Say what the labels stand for, so that a shifted numbering is found and not trained on.

        Returns:
            Class name by label, or None when not known.
        """
        return None

    def default_gates(self) -> Sequence[Gate]:
        """Say which gates its samples must pass in a run that names none.

        Returns:
            New gates, in order; by default none.
        """
        return ()

    def settings(self) -> dict[str, Any]:
        """List the settings that change the samples, for fingerprint and provenance.

        Returns:
            Names and plain JSON values.
        """
        return {}

    def provenance(self) -> dict[str, Any]:
        """Say what makes these samples, for the record kept with each of them.

        Returns:
            Plain JSON values: `name`, `class`, `fingerprint`, `licence`, `source`, `settings`.
        """
        return {
            "name": self.name or type(self).__name__,
            "class": f"{type(self).__module__}:{type(self).__qualname__}",
            "fingerprint": self.fingerprint(),
            "licence": self.licence,
            "source": self.source,
            "settings": self.settings(),
        }

    def particulars(self, request: Request) -> dict[str, Any]:
        """Say what is particular to one sample besides its request: its prompt, the file it was read from.

        Args:
            request: What it was made for.

        Returns:
            Plain JSON values, a new dict; by default none.
        """
        del request
        return {}

    _device: str | None = None
