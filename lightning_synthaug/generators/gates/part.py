"""What gates and embeddings have in common: a device, settings, and a fingerprint of these."""

from __future__ import annotations

from typing import Any, ClassVar

from lightning_synthaug.generators.digest import canonical_digest

__all__ = ["Part"]


class Part:
    """Something with settings that is loaded onto a device.

    Attributes:
        version: Raised when the same settings begin to give something else.
    """

    version: ClassVar[int] = 1

    def load(self, device: str = "cpu") -> None:
        """Get ready, with the parts among the attributes.

        Args:
            device: Torch device; what has no network ignores it.
        """
        self._device = device
        for part in self._parts():
            part.load(device)

    def unload(self) -> None:
        """Give back what `load` took."""
        self._device = None
        for part in self._parts():
            part.unload()

    def _parts(self) -> list[Part]:
        """List the parts that this one was given, such as its embedding."""
        return [value for value in vars(self).values() if isinstance(value, Part)]

    def settings(self) -> dict[str, Any]:
        """List the settings that change what comes out.

        Returns:
            Names and plain JSON values.
        """
        return {}

    def fingerprint(self) -> str:
        """Identify class, version and settings, without what it is fitted on.

        Returns:
            32 hexadecimal digits.
        """
        kind = f"{type(self).__module__}:{type(self).__qualname__}"
        return canonical_digest(
            {"class": kind, "version": self.version, "settings": self.settings()}
        )

    _device: str | None = None
