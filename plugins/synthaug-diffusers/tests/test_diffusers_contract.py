"""The contract suite of lightning-synthaug on each generator of this plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthaug_diffusers import DiffusersImageToImage, DiffusersInpainting, DiffusersTextToImage

from lightning_synthaug.data.record import Record
from lightning_synthaug.generators import Generator
from lightning_synthaug.generators.contract import GeneratorContract


class Contract(GeneratorContract):  # pytest takes classes whose name begins with Test
    """What the suites below share: real samples, and pipelines of two seeds."""

    folders: Any
    controlnet: Path

    @pytest.fixture(autouse=True)
    def _places(self, request: pytest.FixtureRequest, folders: Any, controlnet: Path) -> None:
        request.instance.folders, request.instance.controlnet = folders, controlnet

    def twin(self, index: int) -> Record:
        rng = np.random.default_rng(index)
        image = rng.integers(0, 256, (20, 24), dtype=np.uint8)
        return Record({"image": image, "mask": image > 128, "label": index % 2})

    def make_other(self) -> Generator:
        return self.make(seed=1)

    def make(self, seed: int = 0) -> Generator:
        raise NotImplementedError


class TestTextToImage(Contract):
    def make(self, seed: int = 0) -> Generator:
        return DiffusersTextToImage(
            self.folders("text", seed),
            prompt=("a {light} photo of a {label}", "a {label}"),
            negative_prompt="blurred",
            class_names={3: "cat", 5: "dog"},
            attributes={"light": ["dim", "bright"]},
            steps=2,
            size=(24, 20),
            mode="L",
            batch_size=3,
        )

    def twin(self, index: int) -> None:  # type: ignore[override]
        return None


class TestImageToImage(Contract):
    def make(self, seed: int = 0) -> Generator:
        return DiffusersImageToImage(
            self.folders("text", seed), class_names=["cat", "dog"], steps=3, batch_size=3
        )


class TestControlNet(Contract):
    def make(self, seed: int = 0) -> Generator:
        return DiffusersImageToImage(
            self.folders("text", seed),
            prompt="a scan",
            strength=None,
            controlnet=self.controlnet,
            control="mask",
            steps=2,
            batch_size=2,
        )


class TestInstruction(Contract):
    def make(self, seed: int = 0) -> Generator:
        return DiffusersImageToImage(
            self.folders("instruct", seed), prompt="make it night", strength=None, steps=2
        )


class TestInpainting(Contract):
    def make(self, seed: int = 0) -> Generator:
        return DiffusersInpainting(
            self.folders("inpaint", seed), prompt="a beach", mask="mask", strength=1.0, steps=2
        )
