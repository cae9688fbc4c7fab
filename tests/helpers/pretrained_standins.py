"""Weights in the place of those that other people trained: same names and shapes, made up here."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from safetensors.torch import save_file
from sklearn.datasets import load_digits

from lightning_synthaug.generators.torch_network import import_object

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
if str(EXAMPLES) not in sys.path:  # modules of a process that a generator is sent to, too
    sys.path.append(str(EXAMPLES))

FOLDERS = sorted(path.stem for path in (EXAMPLES / "pretrained").glob("gen-*.yaml"))


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Real digits in MNIST's size: uint8, shape (1797, 28, 28), and their labels."""
    small, labels = load_digits(return_X_y=True)
    images = (small.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    large = images.repeat(3, axis=1).repeat(3, axis=2)
    return np.pad(large, ((0, 0), (2, 2), (2, 2))), labels.astype(np.int64)


def write_digits(folder: Path) -> Path:
    """Write these as MNIST is written, twice over: 2,500 are for the test."""
    images, labels = (np.concatenate([part, part]) for part in digits())
    folder.mkdir()
    for kind, head, body in (("images", 16, images), ("labels", 8, labels)):
        data = bytes(head) + body.astype(np.uint8).tobytes()
        (folder / f"{kind}-idx{body.ndim}-ubyte.gz").write_bytes(gzip.compress(data, 1))
    return folder


def write_weights(name: str, parent: Path, *, seed: int = 0) -> Path:
    """Write random weights for each network of a folder."""
    folder = parent / name
    folder.mkdir(parents=True, exist_ok=True)
    described = yaml.safe_load((EXAMPLES / "pretrained" / f"{name}.yaml").read_text("utf-8"))
    draw = torch.Generator().manual_seed(seed)
    for network in described.values():
        with torch.random.fork_rng(devices=[]):  # the first weights of a module are random
            module = import_object(network["module"])(**network.get("module_args", {}))
        state: dict[str, Any] = {
            key: 0.1 * torch.randn(value.shape, generator=draw)
            for key, value in module.state_dict().items()
        }
        if "alpha_t" in state:  # a schedule of noise levels, which cannot be any numbers
            state["beta_t"] = torch.linspace(1e-4, 0.02, 1001)
            state["alpha_t"] = (1 - state["beta_t"]).cumprod(0)
        for last in ("upscale.4", "unpatch"):  # networks that nothing bounds end near grey
            if f"{last}.bias" in state:
                state[f"{last}.weight"] *= 0.1
                state[f"{last}.bias"] += 0.5
        save_file(state, folder / network["weights"])
    return folder


def write_means(parent: Path) -> Path:
    """Write weights of the conditional VAE that make digits: the mean of a class, changed a little by the latent."""
    folder = write_weights("gen-mnist-cvae-handwriter", parent)
    images, labels = digits()
    flat = images.reshape(len(images), -1) / 255
    means = np.stack([flat[labels == digit].mean(0) for digit in range(10)])
    ways = np.linalg.svd(flat - means[labels], full_matrices=False)[2][:10]
    from pretrained.cvae import ConditionalVae

    state = {key: torch.zeros_like(value) for key, value in ConditionalVae().state_dict().items()}
    state["fc3.weight"][:10, 10:] = torch.eye(10)  # a hidden unit for each class
    state["fc3.weight"][10:20, :10] = torch.eye(10)  # and for each number of the latent
    logits = np.log(means.clip(0.01, 0.99) / (1 - means.clip(0.01, 0.99)))
    state["fc4.weight"][:, :20] = torch.from_numpy(np.concatenate([logits, 8 * ways]).T).float()
    save_file(state, folder / "cvae_mnist.safetensors")
    return folder
