"""What generators have in common that say a real text otherwise."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.generators.base import Generator
from lightning_synthaug.generators.digest import canonical_digest
from lightning_synthaug.generators.request import Rejection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_synthaug.generators.request import Request

__all__ = ["TextVariants", "twin_text"]


class TextVariants(Generator):
    """Put other words into one field of a real sample; its other fields stay as they are.

    A subclass makes the words. What comes back as it was, or empty, is rejected.

    Attributes:
        field: The field, for example `"text"`, or `"hypothesis"` of a pair.
    """

    modality = "text"
    conditioning = "twin"
    version: ClassVar[int] = 1
    field: str

    @abstractmethod
    def say(self, texts: Sequence[str], requests: Sequence[Request]) -> list[str | Rejection]:
        """Say texts otherwise.

        Args:
            texts: At least one; each has a word.
            requests: What each is made for.

        Returns:
            One for each, in order.
        """

    def fingerprint(self) -> str:
        """Digest class, version and settings."""
        kind = type(self).__name__
        return canonical_digest({"class": kind, "version": self.version, **self.settings()})

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        """Make a variant of each twin.

        Args:
            requests: Each with a twin that has the field.

        Returns:
            The twin with other words, in order; a rejection where there are none.

        Raises:
            GeneratorError: A request has no twin with such a field (SA484), or it is not loaded (SA413).
        """
        if self._device is None:
            msg = f'Generator "{self.name or type(self).__name__}" must be loaded before it generates, got no model.'
            raise GeneratorError("SA413", f'{msg} Call generator.load("cpu") first.')
        results: list[Record | Rejection] = [Rejection("the real text is empty")] * len(requests)
        texts = [twin_text(request, self.field) for request in requests]
        places = [place for place, text in enumerate(texts) if text.strip()]
        if not places:
            return results
        made = self.say([texts[place] for place in places], [requests[place] for place in places])
        for place, text in zip(places, made, strict=True):
            results[place] = self._variant(requests[place].twin, texts[place], text)
        return results

    def _variant(self, twin: Record | None, old: str, new: str | Rejection) -> Record | Rejection:
        """Put a text in its twin's place."""
        assert twin is not None
        if isinstance(new, Rejection):
            return new
        if not new.strip():
            return Rejection("empty")
        if new.split() == old.split():
            return Rejection("the same as the real text")
        return twin.replace(**{self.field: new})


def twin_text(request: Request, field: str) -> str:
    """Take the real text out of a request.

    Args:
        request: The request.
        field: Name of the field.

    Raises:
        GeneratorError: It has no twin with such a text (SA484).
    """
    text = None if request.twin is None else request.twin.get(field)
    if isinstance(text, str):
        return text
    msg = (
        f'A generator of variants needs real samples with a text "{field}", got {request.twin!r}. Pass `field=`, or '
        "name the field in your dataset's items."
    )
    raise GeneratorError("SA484", msg)
