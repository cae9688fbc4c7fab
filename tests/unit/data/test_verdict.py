from __future__ import annotations

from lightning_synthaug import store
from lightning_synthaug.data import Verdict


def test_what_gates_say_is_what_stores_keep() -> None:
    assert store.Verdict is Verdict
    assert Verdict(True) == (True, None, "")
