"""Do digits of a pretrained generator help where there are few real ones? The arms of `synthaug demo`, on MNIST.

python images_fewshot.py --data data/mnist-t10k-first5000 --generator data/gen-mnist-flowvit-sofia
"""

from __future__ import annotations

import argparse
import time
from itertools import product
from pathlib import Path
from typing import Any

import albumentations
import pretrained
from fewshot.data import draw, read_idx
from fewshot.results import NONE, Results
from fewshot.training import train
from pretrained.labelled import Labelled

import lightning_synthaug as sa
from lightning_synthaug.cli.demo.configuration import ARMS, BASELINE, Arm
from lightning_synthaug.cli.demo.training import quiet
from lightning_synthaug.cli.demo.words import render_table

SIZES, SEEDS, POOL = (5, 20), 6, 1000  # real digits a class; repetitions; synthetic digits
TEST = 2500  # the last digits: nothing is fitted or chosen on them
UNGATED = Arm(f"{ARMS[3].name}, no gates", ARMS[3].ratio)  # what are gates worth?
# Chosen for real + classical, on digits of the pool that were not drawn; synthetic ones had no say.
NET = {"steps": 300, "batch": 40, "learning_rate": 0.01, "dropout": 0.3}
CLASSICAL = albumentations.Affine(
    scale=(0.8, 1.2), translate_percent=(-0.12, 0.12), rotate=(-20, 20), shear=(-16, 16), p=0.9
)


def run(
    generator: sa.Generator, arm: Arm, size: int, seed: int, data: Any, cache: Path, net: Any
) -> dict[str, float]:
    began, (images, labels) = time.perf_counter(), data
    few = draw(labels[:-TEST], size, seed)
    if generator.conditioning != "class":
        real = [sa.Record({"image": images[i], "label": int(labels[i])}) for i in few]
        generator = Labelled(generator, real, seed=seed)
    gates = [sa.LabelConsistency(), sa.FidelityBand(), sa.NearDuplicate()]  # fitted on the few
    same = {"pool": POOL, "cache": cache, "seed": seed, "generation_seed": seed}
    transform, gates = CLASSICAL if arm.classical else None, [] if arm is UNGATED else gates
    aug = sa.SynthAug(
        generator, arm.ratio, transform=transform, gates=gates, class_names=[*"0123456789"], **same
    )
    model = train(images[few], labels[few], aug, seed=seed, **net)
    return {
        "accuracy": float(model.right(images[-TEST:], labels[-TEST:]).mean()),
        "synthetic": model.synthetic / model.rows,  # less than planned where gates refuse too many
        "seconds": time.perf_counter() - began,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of real digits")
    parser.add_argument("--generator", type=Path, required=True, help="folder of weights")
    parser.add_argument("--results", type=Path, default=Path("images_fewshot.json"))
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    args = parser.parse_args()
    data, generators = read_idx(args.data), pretrained.load(args.generator)
    sizes, seeds, net = ((5,), 2, {**NET, "steps": 10}) if args.quick else (SIZES, SEEDS, NET)
    results = Results(args.results)
    for seed, name, size, arm in product(range(seeds), generators, sizes, [*ARMS[:-1], UNGATED]):
        key = results.key(NONE if arm in ARMS[:2] else name, arm.name, size, seed)
        if key not in results.values:  # arms without a generator are run once for all of them
            with quiet():
                results.keep(key, run(generators[name], arm, size, seed, data, args.cache, net))
    for name in generators:
        print(f"\n{name}\n{render_table(results.table(name, BASELINE.name))}")


if __name__ == "__main__":
    main()
