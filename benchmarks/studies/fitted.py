"""Generators that are fitted on the few real images alone: do they help, or would weights or repetition do as well?

Writes `docs/results/fitted.md`; single runs lie beside it in `fitted.json` as soon as they are done, and are not run
again. Without `--data` only the page is written.

    python benchmarks/studies/fitted.py --data DIR
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import albumentations as A
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "examples"))

from fewshot.data import read_idx  # noqa: E402
from fewshot.results import Results  # noqa: E402
from fewshot.training import train  # noqa: E402
from wording import HEADER, line, verdicts  # noqa: E402

import lightning_synthaug as sa  # noqa: E402
from lightning_synthaug.cli.demo.training import quiet  # noqa: E402
from lightning_synthaug.fitting import fit_cvae, load_fitted  # noqa: E402
from lightning_synthaug.plan import Linear, child_seed  # noqa: E402

PAGE = ROOT / "docs" / "results" / "fitted.md"
RESULTS = PAGE.with_suffix(".json")
SEEDS, POOL, FIT_STEPS, FIT_BATCH = 5, 1000, 1000, 64
NET = {"steps": 300, "batch": 40, "learning_rate": 0.01, "dropout": 0.3}
BASELINE = "real + classical"
MIXES = {"constant 0.5 + classical": 0.5, "ramp 0 to 0.5 + classical": Linear(0.0, 0.5, over="40%")}
#: Against rare classes without a generator; with classes of one size they would change nothing.
REMEDIES = ("class weights + classical", "oversampling + classical")

Part = tuple[np.ndarray, np.ndarray]


def fashion(data: Path) -> tuple[Part, Part]:
    """Read clothes: training and test images with labels."""
    folder = data / "fashion-mnist-10k"
    return read_idx(folder, "train-"), read_idx(folder, "t10k-")


def cells(data: Path) -> tuple[Part, Part]:
    """Read blood cells, split by the pictures that they were cut from."""
    with np.load(data / "bccd-cells32" / "bccd_crops32.npz") as file:
        images, labels, split = file["images"], file["labels"].astype(np.int64), file["split"]
    return (images[split == 0], labels[split == 0]), (images[split == 2], labels[split == 2])


@dataclass(frozen=True)
class Case:
    """Data, and how many real images there are of each class.

    Attributes:
        name: What the page calls it.
        read: Reads training and test images.
        classical: Its classical augmentation.
        counts: Real images of each class.
        shuffled: Whether it changes with the seed which class is which in `counts`.
    """

    name: str
    read: Callable[[Path], tuple[Part, Part]]
    classical: Any
    counts: tuple[int, ...]
    shuffled: bool = False

    @property
    def long_tailed(self) -> bool:
        """Whether classes differ in size."""
        return len(set(self.counts)) > 1

    @property
    def arms(self) -> list[str]:
        """What is compared."""
        return [BASELINE, *(REMEDIES if self.long_tailed else ()), *MIXES]


_CLOTHES = A.Compose(
    [
        A.HorizontalFlip(p=0.5),
        A.Affine(scale=(0.9, 1.1), translate_percent=(-0.08, 0.08), rotate=(-8, 8), p=0.9),
    ]
)
_CELLS = A.Compose([A.D4(p=1.0), A.RandomBrightnessContrast(0.1, 0.1, p=0.5)])
#: From 200 of the most frequent class down to 2, in equal ratios.
_TAIL = tuple(round(200 * 0.01 ** (place / 9)) for place in range(10))
CASES = (
    Case("clothes", fashion, _CLOTHES, (20,) * 10),
    Case("clothes", fashion, _CLOTHES, (200,) * 10),
    Case("clothes, 100:1", fashion, _CLOTHES, _TAIL, shuffled=True),
    Case("cells", cells, _CELLS, (20,) * 3),
    Case("cells", cells, _CELLS, (200,) * 3),
    Case("cells, 100:1", cells, _CELLS, (500, 50, 5)),
)


def drawn(case: Case, labels: np.ndarray, seed: int) -> np.ndarray:
    """Draw the rows of the real images."""
    rng = np.random.default_rng(child_seed(seed, "fitted-draw", case.name, case.counts[0]))
    counts = rng.permutation(case.counts) if case.shuffled else case.counts
    rows = [
        rng.choice(np.flatnonzero(labels == label), count, replace=False)
        for label, count in enumerate(counts)
    ]
    return np.concatenate(rows)


def fitted(images: np.ndarray, labels: np.ndarray, folder: Path, seed: int) -> sa.Generator:
    """Fit a generator on the few real images, or load the one that was."""
    if not (folder / "card.json").exists():
        epochs = math.ceil(FIT_STEPS / math.ceil(len(labels) / FIT_BATCH))
        fit_cvae(images, labels, out=folder, epochs=epochs, seed=seed, device="cpu", progress=False)
    return load_fitted(folder)


def run(case: Case, arm: str, seed: int, data: tuple[Part, Part], work: Path) -> dict[str, float]:
    """Train and test once."""
    began, (known, test) = time.perf_counter(), data
    rows = drawn(case, known[1], seed)
    images, labels = known[0][rows], known[1][rows]
    generator = fitted(images, labels, work / f"{case.name} {case.counts[0]} {seed}", seed)
    counts = np.bincount(labels)
    weights = len(labels) / len(counts) / counts
    remedy: dict[str, Any] = {
        REMEDIES[0]: {"weights": weights.tolist()},
        REMEDIES[1]: {"chances": weights[labels].tolist()},
    }
    aug = sa.SynthAug(
        generator,
        MIXES.get(arm, 0.0),
        balance="uniform" if case.long_tailed else "proportional",
        transform=case.classical,
        gates=[sa.LabelConsistency(), sa.FidelityBand(), sa.NearDuplicate()],
        pool=POOL,
        cache=work / "cache",
        seed=seed,
        generation_seed=seed,
    )
    model = train(images, labels, aug, seed=seed, **NET, **remedy.get(arm, {}))
    right = model.right(*test)
    return {
        # Each class counts as much, however many test images it has.
        "accuracy": float(np.mean([right[test[1] == y].mean() for y in range(len(counts))])),
        "synthetic": model.synthetic / model.rows,
        "seconds": time.perf_counter() - began,
    }


HEAD = """\
# Generators fitted on the few real images alone

<!-- written by benchmarks/studies/fitted.py; single runs are in fitted.json -->

No other data: a conditional VAE (`fit_cvae`, {steps} steps) is fitted on the same few real images that the classifier
trains on. *Clothes* are Fashion-MNIST (10,000 training images to draw from, 5,000 for the test), *cells* are cut from
BCCD (three kinds; the split by pictures of its authors).

* **100:1**: clothes from 200 of one class down to 2 of another, which is which by seed; cells 500, 50 and 5. The mix
  asks for rare classes more often (`balance="uniform"`), and stands beside class weights and oversampling.
* **Accuracy** is the mean over the classes. **Gates** as they are by default, fitted on the few. Settings are the same
  for all arms and were chosen beforehand, without a search.
* **Intervals**: 95 %, paired over the seeds, each with other real images, another fit, run seed and generation
  seed.

"""


def page(results: Results) -> str:
    """Write the page of what was run so far."""
    text = [HEAD.format(steps=f"{FIT_STEPS:,}")]
    for case in CASES:
        rows = [r for r in results.table(case.name, BASELINE) if r.size == case.counts[0]]
        title = "of the most frequent class" if case.long_tailed else "a class"
        text.append(f"## {case.name.capitalize()}, {case.counts[0]} {title}\n\n{HEADER}")
        for row in rows:
            shown = "fitted CVAE" if row.arm in MIXES else "-"
            text.append(line(results.values, case.name, row, shown=shown))
        text.append(f"\nAgainst {BASELINE}: {verdicts(rows, case.arms)}.\n\n")
    return "".join(text).rstrip() + "\n"


def main() -> None:
    """Run, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    parser.add_argument("--work", type=Path, default=Path("fitted"), help="generators and samples")
    args = parser.parse_args()
    RESULTS.parent.mkdir(exist_ok=True)
    results = Results(RESULTS)
    for seed, case in product(range(SEEDS), CASES if args.data else ()):
        data = case.read(args.data)
        for arm in case.arms:
            key = results.key(case.name, arm, case.counts[0], seed)
            if key not in results.values:
                with quiet():
                    results.keep(key, run(case, arm, seed, data, args.work))
    PAGE.write_text(page(results), "utf-8")


if __name__ == "__main__":
    main()
