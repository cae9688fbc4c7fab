"""Train the demo's generator on the partner's digits, and write its weights and card.

    python scripts/train_demo_generator.py            about three minutes on one core
    python scripts/train_demo_generator.py --check    train again, and compare with what is shipped

The figures on the card are cross-validated inside the partner's digits: four times, the flow is fitted on three
quarters of them and judged on the last one. The shipped weights are then fitted, with the same settings, on all of
them. The test digits and the demo's own training digits are not used for anything here.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lightning_synthaug.assets import DEMO_CARD, Digits, digits_split
from lightning_synthaug.fitting.data import fit_data
from lightning_synthaug.generators.card import CARD_FORMAT
from lightning_synthaug.generators.digest import file_digest
from lightning_synthaug.generators.networks.flow import FlowSampler

SETTINGS: dict[str, Any] = {
    "epochs": 1000,
    "batch_size": 128,
    "copies": 4,
    "learning_rate": 3e-3,
    "decay": 0.995,
    "seed": 0,
}
NETWORK: dict[str, Any] = {"image_shape": [1, 8, 8], "classes": 10, "width": 176, "steps": 16}
FOLDS = 4
SAMPLES = 4000


def fit_flow(digits: Digits, *, seed: int) -> FlowSampler:
    """Fit the flow, and return the running average of its weights, which samples better than the last ones."""
    torch.manual_seed(seed)
    network = FlowSampler(**NETWORK)
    images, onehot = to_tensors(digits)
    images = images * 2 - 1
    batches = -(-len(images) // SETTINGS["batch_size"])
    rate, steps = SETTINGS["learning_rate"], SETTINGS["epochs"] * batches
    optimizer = torch.optim.AdamW(network.parameters(), rate, betas=(0.9, 0.99), weight_decay=1e-2)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=steps, pct_start=0.1
    )
    average = {name: value.detach().clone() for name, value in network.named_parameters()}
    for _ in range(SETTINGS["epochs"]):
        for rows in torch.randperm(len(images)).split(SETTINGS["batch_size"]):
            again = rows.repeat(SETTINGS["copies"])
            loss = network.regression_loss(images[again], onehot[again])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            with torch.no_grad():
                for name, value in network.named_parameters():
                    average[name].lerp_(value, 1 - SETTINGS["decay"])
    network.load_state_dict(average)
    return network.eval()


def sample_digits(network: FlowSampler, *, seed: int) -> Digits:
    """Sample all classes equally often, as the images that records carry."""
    labels = torch.arange(SAMPLES) % 10
    latents = torch.randn(SAMPLES, 64, generator=torch.Generator().manual_seed(seed))
    with torch.inference_mode():
        output = network(latents, F.one_hot(labels, 10).float())
    pixels = ((output[:, 0] + 1) * 127.5).clamp(0, 255).round().to(torch.uint8)
    return Digits(pixels.numpy(), labels.numpy())


def fit_classifier(digits: Digits, *, seed: int) -> nn.Module:
    """Fit a small convolutional classifier, the judge."""
    torch.manual_seed(seed)
    network = nn.Sequential(
        *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU()),
        *(
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(512, 64),
            nn.ReLU(),
            nn.Linear(64, 10),
        ),
    )
    images, onehot = to_tensors(digits)
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-2)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=1500)
    for _ in range(1500):
        rows = torch.randint(len(images), (64,))
        loss = F.cross_entropy(network(images[rows]), onehot[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    return network.eval()


def accuracy(classifier: nn.Module, digits: Digits) -> float:
    """Measure the share that is recognised."""
    with torch.inference_mode():
        found = classifier(to_tensors(digits)[0]).argmax(1).numpy()
    return float((found == digits.labels).mean())


def nearest(digits: Digits, others: Digits) -> float:
    """Median distance to the nearest other digit of the same class, in units of full ink."""
    distances = []
    for label in range(10):
        pair = [
            torch.from_numpy(part.images[part.labels == label]).flatten(1) / 255
            for part in (digits, others)
        ]
        distances.append(torch.cdist(pair[0], pair[1]).min(1).values)
    return float(torch.cat(distances).median())


def to_tensors(digits: Digits) -> tuple[Tensor, Tensor]:
    """Make images of shape (n, 1, 8, 8) in [0, 1] and one-hot classes."""
    images = torch.from_numpy(digits.images).float()[:, None] / 255
    return images, F.one_hot(torch.from_numpy(digits.labels), 10).float()


def cross_validate(partner: Digits) -> dict[str, float]:
    """Judge the settings on parts of the partner's digits that the flow has not seen."""
    rng = np.random.default_rng(SETTINGS["seed"])
    fold = np.empty(len(partner), np.int64)
    for label in range(10):
        rows = np.flatnonzero(partner.labels == label)
        fold[rows] = rng.permutation(len(rows)) % FOLDS
    rows_of_figures = []
    for held in range(FOLDS):
        seen, unseen = (partner.take(np.flatnonzero(part)) for part in (fold != held, fold == held))
        made = sample_digits(fit_flow(seen, seed=SETTINGS["seed"]), seed=1)
        judges = [fit_classifier(seen, seed=seed) for seed in (0, 1)]
        figures: dict[str, Any] = {
            "samples recognised as the class asked for, by a classifier of real digits": np.mean(
                [accuracy(judge, made) for judge in judges]
            ),
            "held-out digits recognised by a classifier of samples only": np.mean(
                [accuracy(fit_classifier(made, seed=seed), unseen) for seed in (0, 1)]
            ),
            "held-out digits recognised by a classifier of the same real digits": np.mean(
                [accuracy(judge, unseen) for judge in judges]
            ),
            "distance of samples to the nearest digit fitted on": nearest(made, seen),
            "distance of samples to the nearest held-out digit": nearest(made, unseen),
            "distance of held-out digits to the nearest digit fitted on": nearest(unseen, seen),
        }
        rows_of_figures.append(figures)
        print(
            f"fold {held + 1} of {FOLDS}:",
            {key: round(float(x), 4) for key, x in figures.items()},
            flush=True,
        )
    return {
        key: round(float(np.mean([row[key] for row in rows_of_figures])), 4)
        for key in rows_of_figures[0]
    }


def write(folder: Path, network: FlowSampler, partner: Digits, figures: dict[str, float]) -> None:
    """Write weights and card."""
    from safetensors.torch import save_file

    weights = folder / DEMO_CARD.with_suffix(".safetensors").name
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, weights)
    weights.chmod(0o644)
    card: dict[str, Any] = {
        "format": CARD_FORMAT,
        "weights": weights.name,
        "weights_digest": file_digest(weights),
        "kind": "class-conditional flow",
        "name": "demo-digits",
        "made": "by scripts/train_demo_generator.py, the same weights each time on one machine",
        "licence": "CC-BY-4.0 (data: UCI Optical Recognition of Handwritten Digits, Alpaydin & Kaynak 1998)",
        "source": "scikit-learn load_digits, the partner's part of lightning_synthaug.assets.digits_split()",
        "intended_use": "The demo, documentation and tests of lightning-synthaug; not for reading real handwriting.",
        "labels": list(range(10)),
        "class_names": None,
        "network": {
            "module": "lightning_synthaug.generators.networks.flow:FlowSampler",
            "arguments": NETWORK,
            "latent": 64,
        },
        "output": {"dtype": "uint8", "range": [-1.0, 1.0]},
        "data": fit_data(partner.images, partner.labels).describe(),
        "settings": SETTINGS,
        "figures": {
            "how": f"means of a {FOLDS}-fold cross-validation inside the partner's digits, which also chose settings",
            **figures,
        },
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }
    (folder / DEMO_CARD.name).write_text(json.dumps(card, indent=2) + "\n", "utf-8")


def main() -> int:
    """Train, judge, and write or compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="compare with the shipped weights, write nothing"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    partner = digits_split().partner
    network = fit_flow(partner, seed=SETTINGS["seed"])
    if not arguments.check:
        write(DEMO_CARD.parent, network, partner, cross_validate(partner))
        print(f"wrote {DEMO_CARD} and its weights")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), network, partner, {})
        made = Path(folder) / DEMO_CARD.with_suffix(".safetensors").name
        same = made.read_bytes() == DEMO_CARD.with_suffix(".safetensors").read_bytes()
    print("the same weights" if same else "OTHER weights than the shipped ones")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
