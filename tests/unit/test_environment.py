from __future__ import annotations

import pytest

from lightning_synthaug.environment import (
    VARIABLE,
    lightning_callbacks,
    pytorch_lightning_callbacks,
)


def test_nothing_without_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert lightning_callbacks() == [] == pytorch_lightning_callbacks()


def test_each_package_gets_a_callback_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    import lightning.pytorch
    import pytorch_lightning

    monkeypatch.setenv(VARIABLE, "synthaug.yaml")
    (one,), (other,) = lightning_callbacks(), pytorch_lightning_callbacks()
    assert isinstance(one, lightning.pytorch.Callback)
    assert isinstance(other, pytorch_lightning.Callback)
    assert one.config == other.config == "synthaug.yaml"  # not read yet
