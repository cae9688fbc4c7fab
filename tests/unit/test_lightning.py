from __future__ import annotations

from lightning.pytorch import Callback, LightningDataModule

from lightning_synthaug.lightning import SynthAug, SynthAugDataModule


def test_the_classes_are_those_of_the_package() -> None:
    assert issubclass(SynthAug, Callback)
    assert issubclass(SynthAugDataModule, LightningDataModule)
    assert "Mix synthetic samples" in (SynthAug.__doc__ or "")
    assert "Wrap a DataModule" in (SynthAugDataModule.__doc__ or "")
