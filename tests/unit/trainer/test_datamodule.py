"""The DataModule apart from a fit; with one, see the integration tests."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from lightning.pytorch import LightningDataModule
from lightning.pytorch.utilities.model_helpers import is_overridden
from torch.utils.data import DataLoader

from lightning_synthaug.errors import ConfigError, TrainerError
from lightning_synthaug.lightning import SynthAug, SynthAugDataModule
from tests.helpers.traced import Tracer, traced_dataset


class Inner(LightningDataModule):
    def __init__(self) -> None:
        super().__init__()
        self.position = 0

    def train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(traced_dataset(20), 4)

    def val_dataloader(self) -> DataLoader[Any]:
        return DataLoader(traced_dataset(8), 4)

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        return batch

    def state_dict(self) -> dict[str, Any]:
        return {"position": self.position}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.position = state_dict["position"]


def test_hooks_look_overridden_where_they_are() -> None:
    data = SynthAugDataModule(Inner(), Tracer(), 0.5)
    inner = data.datamodule
    for name in (
        "val_dataloader",
        "test_dataloader",
        "predict_dataloader",
        "on_after_batch_transfer",
    ):
        assert is_overridden(name, data) == is_overridden(name, inner), name
    assert is_overridden("train_dataloader", data)
    assert len(data.val_dataloader()) == 2


def test_state_and_hyperparameters_are_the_inner_ones() -> None:
    class Tuned(Inner):
        def __init__(self, width: int = 3) -> None:
            super().__init__()
            self.save_hyperparameters()

    data = SynthAugDataModule(Tuned(width=5), Tracer(), 0.5)
    assert dict(data.hparams) == dict(data.hparams_initial) == {"width": 5}
    assert (data._hparams_name, data._log_hyperparams) == ("kwargs", True)
    data.load_state_dict({"position": 7})
    assert data.datamodule.position == 7
    assert data.state_dict() == {"position": 7}


def test_what_the_inner_one_has_is_written_there() -> None:
    data = SynthAugDataModule(Inner(), Tracer(), 0.5)
    data.position = 9
    data.note = "mine"
    assert data.datamodule.position == 9
    assert not hasattr(data.datamodule, "note")
    assert data.note == "mine"


def test_hooks_set_on_the_instance_count() -> None:
    inner = LightningDataModule.from_datasets(traced_dataset(8), traced_dataset(6), batch_size=2)
    data = SynthAugDataModule(inner, traced_dataset(8), 0.3)
    assert len(data.val_dataloader()) == 3
    assert len(data.train_dataloader()) == 4


@pytest.mark.parametrize("again", [copy.deepcopy, lambda data: pickle.loads(pickle.dumps(data))])
def test_it_can_be_copied(again: Any) -> None:
    data = SynthAugDataModule(Inner(), Tracer(), 0.5)
    other = again(data)
    assert other.recipe.ratio == 0.5
    assert other.feed is None
    assert other.datamodule is not data.datamodule


def test_the_trainer_is_shared() -> None:
    data = SynthAugDataModule(Inner(), Tracer(), 0.5)
    run: Any = object()
    data.trainer = run
    assert data.datamodule.trainer is run is data.trainer


@pytest.mark.parametrize("inner", [object(), None, DataLoader(traced_dataset(8))])
def test_only_a_datamodule_of_the_same_package_fits(inner: Any) -> None:
    with pytest.raises(TrainerError, match=r"must be a lightning LightningDataModule.*SA703"):
        SynthAugDataModule(inner, Tracer(), 0.5)


def test_options_are_checked_at_once() -> None:
    with pytest.raises(ConfigError, match="SA101"):
        SynthAugDataModule(Inner(), Tracer(), 50)
    for made in (
        lambda **o: SynthAugDataModule(Inner(), Tracer(), 0.5, **o),
        lambda **o: SynthAug(Tracer(), 0.5, **o),
    ):
        with pytest.raises(ConfigError, match=r"`sead`.*Did you mean `seed`.*SA114"):
            made(sead=3)


def test_a_wrapped_one_is_not_wrapped_again() -> None:
    with pytest.raises(TrainerError, match=r"mixed already, with \['synthetic'\].*SA704"):
        SynthAugDataModule(SynthAugDataModule(Inner(), Tracer(), 1.0), Tracer(), 0.0)


def test_ending_without_a_beginning_does_no_harm() -> None:
    data = SynthAugDataModule(Inner(), Tracer(), 0.5)
    data.teardown("fit")
    data.on_exception(RuntimeError())
    assert data.feed is None


def test_what_only_the_inner_one_has_is_read_from_it() -> None:
    inner = Inner()
    inner.num_classes = 3
    inner._vocabulary = ["a"]
    wrapped = SynthAugDataModule(inner, Tracer(), 0.3, seed=4)
    assert wrapped._vocabulary == ["a"]
    assert (wrapped.num_classes, wrapped.seed, wrapped.ratio) == (3, 4, 0.3)
    with pytest.raises(AttributeError, match="nothing"):
        _ = wrapped.nothing
