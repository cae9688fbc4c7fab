"""Domain transfer: scans of scanner A, painted anew as scanner B would have made them, with the labels that they have.

Needs the plugin: `pip install ./plugins/synthaug-diffusers`. With a pipeline that knows what it is told, by folder or
hub id: `python 30_domain_transfer.py --model FOLDER`. Without one it assembles a pipeline of RANDOM WEIGHTS: all of
it runs, and what is painted is noise; see how the parts go together, and expect no gain. Day to night, or one
hospital's scanner to another's, are the same: say in `prompt` what the target looks like.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np
from existing_project import Classifier, Digits, accuracy, make_trainer, train_loader
from PIL import Image
from synthaug_diffusers import DiffusersImageToImage, random_pipeline

import lightning_synthaug as sa
from lightning_synthaug.store import Store

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def scanner_b(model: str | None) -> DiffusersImageToImage:
    if model is None:
        print(
            "no --model: a pipeline of random weights paints noise, to show how the parts go together"
        )
    return DiffusersImageToImage(
        model or random_pipeline("random-pipeline"),
        prompt="a {quality} scan of the handwritten digit {label}, from an old scanner",
        class_names=NAMES,
        attributes={"quality": ["dark", "grainy", "faded"]},
        strength=(0.3, 0.5, 0.7),  # near the real scan, so that its label stays true
        steps=10,
        batch_size=32,
        name="scanner-b",
    )


def show(folder: str) -> None:
    """Say what was painted, and put the first pictures side by side with the real ones that they come from."""
    with Store.open(folder, create=False) as store:
        painted = list(store.samples())
        pictures = [store.get(sample.key) for sample in painted[:12]]
    told = [sample.provenance for sample in painted]
    real = Digits(train=True).images
    print(f"{len(real)} real scans, {len(painted)} of them as scanner B")
    print("strengths", sorted({one["strength"] for one in told}))
    print(Counter(one["prompt"].split()[1] for one in told).most_common())
    twins = [real[one["twin_index"]] for one in told[:12]]
    made = [np.asarray(record["image"]) for record in pictures if record is not None]
    sheet = Image.fromarray(np.vstack([np.hstack(twins), np.hstack(made)]))
    sheet.resize((sheet.width * 8, sheet.height * 8), Image.Resampling.NEAREST).save("transfer.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--model", help="folder or hub id of a pipeline; without it: random weights"
    )
    aug = sa.SynthAug(
        scanner_b(parser.parse_args().model), ratio=0.3, pool=60, cache="cache", seed=7
    )
    model = Classifier()
    trainer = make_trainer(callbacks=[aug])
    trainer.fit(model, train_loader())
    print(f"{trainer.global_step} steps, {accuracy(model):.1%} right on scanner A")
    show("cache")


if __name__ == "__main__":
    main()
