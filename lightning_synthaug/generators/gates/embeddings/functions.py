"""Any function as an embedding: a sentence encoder, a client of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.embeddings.base import Embedding
from lightning_synthaug.generators.gates.functions import describe_function, find_function

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from lightning_synthaug.data.modality import Modality
    from lightning_synthaug.data.record import Record

__all__ = ["CallableEmbedding", "as_vectors"]


@final
class CallableEmbedding(Embedding):
    """Embed by a function, for example `SentenceTransformer(folder).encode` with `field="text"`.

    Args:
        function: Takes a list of records, or of what they hold in `field`, and returns a vector for
            each, as an array or a tensor. Or its import path `"package.module:name"`.
        field: The field that the function takes, or None for whole records.
        identity: What tells the function from others, instead of its path: the name and version of
            a model. Methods of objects and lambdas need one.
        modality: What it takes.

    Raises:
        ConfigError: Nothing tells the function from others (SA455).
    """

    version: ClassVar[int] = 1

    def __init__(
        self,
        function: Callable[[list[Any]], Any] | str,
        *,
        field: str | None = None,
        identity: str | None = None,
        modality: Modality = "any",
    ) -> None:
        describe_function(function, identity)
        self.function = function
        self.field = field
        self.identity = identity
        self.modality = modality

    def settings(self) -> dict[str, Any]:
        """List the settings that change vectors."""
        function = describe_function(self.function, self.identity)
        return {"function": function, "field": self.field}

    def embed(self, records: Sequence[Record]) -> npt.NDArray[np.float32]:
        """Have the function embed samples.

        Args:
            records: The samples, one or more.

        Raises:
            GateError: A record lacks the field (SA450), or the function does not return a vector
                for each sample (SA462).
        """
        field = self.field
        given = list(records) if field is None else [_value(r, field) for r in records]
        return as_vectors(find_function(self.function)(given), len(records))


def _value(record: Record, field: str) -> Any:
    """Take what the function wants out of a record."""
    if field not in record:
        raise GateError(
            "SA450",
            f'An embedding needs the field "{field}" in each sample, got {record!r}. Correct `field=`.',
        )
    return record[field]


def as_vectors(given: Any, count: int) -> npt.NDArray[np.float32]:
    """Make sure that vectors are what they should be.

    Args:
        given: Array, tensor or lists of numbers, with the samples along the first dimension.
        count: How many samples there are.

    Returns:
        Finite numbers. float32, shape `(count, width)`.

    Raises:
        GateError: They are something else (SA462).

    Example:
        >>> as_vectors([[[1, 2], [3, 4]]], 1)
        array([[1., 2., 3., 4.]], dtype=float32)
    """
    given = given.detach().cpu().numpy() if hasattr(given, "detach") else given
    array = np.asarray(given)
    fits = array.ndim > 1 and len(array) == count and array.size and array.dtype.kind in "biuf"
    if not fits or not np.isfinite(array).all():
        raise GateError(
            "SA462",
            f"An embedding must give a vector of finite numbers for each of {count} samples, got shape "
            f"{array.shape} of type {array.dtype}. Correct what it returns.",
        )
    vectors: npt.NDArray[np.float32] = array.reshape(count, -1).astype(np.float32)
    return vectors
