"""The contract suite on `TorchGenerator`, in each form in which weights come."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from lightning_synthaug.assets import DEMO_CARD, demo_generator
from lightning_synthaug.generators import Generator, TorchGenerator
from lightning_synthaug.generators.contract import GeneratorContract


class SmallGan(nn.Module):
    """A generator with an embedding and a batch norm, so that evaluation mode matters."""

    def __init__(self) -> None:
        super().__init__()
        self.label = nn.Embedding(3, 4)
        self.layers = nn.Sequential(
            nn.Linear(9, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 36)
        )

    def forward(self, latents: Tensor, index: Tensor) -> Tensor:
        hidden = torch.cat([latents, self.label(index)], dim=1)
        return torch.tanh(self.layers(hidden)).reshape(-1, 1, 6, 6)


def small_gan(seed: int) -> SmallGan:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return SmallGan().eval()


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    request.instance.folder = tmp_path


@pytest.mark.usefixtures("folder")
class TestSafetensors(GeneratorContract):
    def make(self, seed: int = 0) -> Generator:
        path = self.folder / f"gan{seed}.safetensors"
        if not path.exists():
            save_file(small_gan(seed).state_dict(), path)
        return TorchGenerator(path, module=SmallGan, latent=5, classes=3, batch_size=4)

    def make_other(self) -> Generator:
        return self.make(seed=1)


@pytest.mark.usefixtures("folder")
class TestModuleInstanceAndStateDict(GeneratorContract):
    def make(self, seed: int = 0) -> Generator:
        path = self.folder / f"gan{seed}.pt"
        if not path.exists():
            torch.save(small_gan(seed).state_dict(), path)
        return TorchGenerator(
            path, module=small_gan(3), latent=(5,), classes=[7, 2, 5], dtype="float32"
        )

    def make_other(self) -> Generator:
        return self.make(seed=1)


@pytest.mark.usefixtures("folder")
class TestTorchScript(GeneratorContract):
    def make(self, seed: int = 0) -> Generator:
        path = self.folder / f"gan{seed}.pt"
        if not path.exists():
            example = (torch.zeros(4, 5), torch.zeros(4, dtype=torch.int64))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                torch.jit.trace(small_gan(seed), example).save(str(path))
        return TorchGenerator(path, latent=5, classes=3, batch_size=4, trust_program=True)

    def make_other(self) -> Generator:
        return self.make(seed=1)


@pytest.mark.usefixtures("folder")
class TestExportedProgram(GeneratorContract):
    def make(self, seed: int = 0) -> Generator:
        path = self.folder / f"gan{seed}.pt2"
        if not path.exists():
            example = (torch.zeros(4, 5), torch.zeros(4, dtype=torch.int64))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                torch.export.save(torch.export.export(small_gan(seed), example), path)
        return TorchGenerator(path, latent=5, classes=3, batch_size=4, trust_program=True)

    def make_other(self) -> Generator:
        return self.make(seed=1)


@pytest.mark.usefixtures("folder")
class TestDemoGenerator(GeneratorContract):
    def make(self) -> Generator:
        return demo_generator()

    def make_other(self) -> Generator:
        """The same network with weights that were touched."""
        base, path = demo_generator(), self.folder / "touched.safetensors"
        if not path.exists():
            weights = load_file(DEMO_CARD.with_suffix(".safetensors"))
            first = next(iter(weights))
            save_file({**weights, first: weights[first] + 1}, path)
        return TorchGenerator(
            path,
            module=base.module,
            module_args=base.module_args,
            latent=base.latent,
            classes=base.classes,
            label_input=base.label_input,
            output_range=base.output_range,
            dtype=base.dtype,
        )
