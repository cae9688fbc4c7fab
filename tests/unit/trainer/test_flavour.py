from __future__ import annotations

import importlib.util
import pickle
import sys
from typing import Any

import pytest

from lightning_synthaug.errors import MissingDependency, TrainerError
from lightning_synthaug.trainer import callback_class, datamodule_class, flavour
from lightning_synthaug.trainer.flavour import refuse_foreign
from tests.helpers.recorder import trainer
from tests.helpers.traced import Tracer


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """As if no Lightning package were loaded yet; the classes of both are in separate processes' tests."""
    for name in ("lightning.pytorch", "pytorch_lightning"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return monkeypatch


def test_the_loaded_package_decides() -> None:
    import lightning.pytorch

    if "pytorch_lightning" not in sys.modules:
        assert issubclass(callback_class(), lightning.pytorch.Callback)
    assert issubclass(datamodule_class(), lightning.pytorch.LightningDataModule)
    assert callback_class().__name__ == "SynthAug"


@pytest.mark.parametrize("choose", [callback_class, datamodule_class])
def test_without_either_package_it_says_what_to_install(
    choose: Any, unloaded: pytest.MonkeyPatch
) -> None:
    # An environment without them would be another installation.
    unloaded.setattr(importlib.util, "find_spec", lambda name: None)
    unloaded.setattr("lightning_synthaug.trainer.flavour.find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match=r'pip install "\.\[lightning\]".*SA801'):
        choose()


def test_the_class_for_both_packages_can_be_sent_to_another_process() -> None:
    import lightning.pytorch
    import pytorch_lightning

    cls = callback_class()
    assert cls is callback_class()
    assert issubclass(cls, lightning.pytorch.Callback)
    assert issubclass(cls, pytorch_lightning.Callback)
    again = pickle.loads(pickle.dumps(cls(Tracer(), 0.3)))
    assert type(again) is cls
    with pytest.raises(AttributeError, match="no attribute 'Unknown'"):
        _ = flavour.Unknown


def test_a_trainer_of_the_other_package_is_refused() -> None:
    import pytorch_lightning

    from lightning_synthaug import lightning as ours
    from lightning_synthaug import pytorch_lightning as other

    class Own(pytorch_lightning.Trainer):
        """A user's trainer is known by its base class."""

    run = trainer("pytorch_lightning")
    run.__class__ = Own
    match = r"one Lightning package, got SynthAug for lightning and .*Own.*lightning_synthaug.pytorch_lightning.*SA703"
    with pytest.raises(TrainerError, match=match):
        refuse_foreign(ours.SynthAug(Tracer(), 0.3), run)
    refuse_foreign(other.SynthAug(Tracer(), 0.3), run)
    refuse_foreign(callback_class()(Tracer(), 0.3), run)
    refuse_foreign(ours.SynthAug(Tracer(), 0.3), object())
    with pytest.raises(TrainerError, match=r"got SynthAugDataModule for pytorch_lightning .*SA703"):
        inner = pytorch_lightning.LightningDataModule()
        other.SynthAugDataModule(inner, Tracer(), 0.3).trainer = trainer()
