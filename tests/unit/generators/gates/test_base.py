"""What every gate has from its base class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lightning_synthaug.data import Record, Verdict
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.gates import Gate


class Above(Gate):
    def __init__(self, least: float) -> None:
        self.least = least

    def settings(self) -> dict[str, Any]:
        return {"least": self.least}

    def judge(self, requests: Sequence[Request], records: Sequence[Record]) -> list[Verdict]:
        return [Verdict(True)] * len(records)


class Below(Above):
    pass


class Newer(Above):
    version = 2


def test_a_fingerprint_covers_class_version_and_settings() -> None:
    assert Above(1).fingerprint() == Above(1).fingerprint()
    different = {g.fingerprint() for g in (Above(1), Above(2), Below(1), Newer(1))}
    assert len(different) == 4
    assert all(len(d) == 32 for d in different)
