"""What gates and embeddings have in common."""

from __future__ import annotations

from typing import Any

from lightning_synthaug.generators.gates.part import Part


class Sized(Part):
    def __init__(self, size: int) -> None:
        self.size = size

    def settings(self) -> dict[str, Any]:
        return {"size": self.size}


class Resized(Sized):
    pass


class SizedAnew(Sized):
    version = 2


def test_a_fingerprint_covers_class_version_and_settings() -> None:
    assert Sized(1).fingerprint() == Sized(1).fingerprint()
    different = {p.fingerprint() for p in (Sized(1), Sized(2), Resized(1), SizedAnew(1))}
    assert len(different) == 4
    assert all(len(d) == 32 for d in different)


def test_what_is_loaded_can_be_given_back() -> None:
    part = Sized(1)
    part.load("cpu")
    assert part._device == "cpu"
    part.unload()
    assert part._device is None
    assert part.fingerprint() == Sized(1).fingerprint()


def test_a_part_of_a_part_goes_with_it() -> None:
    whole, part = Sized(1), Sized(2)
    whole.inner = part  # type: ignore[attr-defined]  # a subclass keeps its arguments as attributes
    whole.load("meta")
    assert part._device == "meta"
    whole.unload()
    assert part._device is None
