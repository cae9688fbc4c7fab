"""What the watch for collapse notices, how soon, and whether it is ever wrong.

Healthy: a generator makes samples one after the other, and none of them may raise an alarm. Planted: after 200 samples
it turns to one sample, to one of each label, or to one with a little noise. That must be noticed within the next 100.

The generator that comes with the package is always studied, against the digits of the demo; with `--data` also
pretrained MNIST generators and a VAE that is not asked for labels, against real digits of MNIST. A GAN of that folder
is documented as collapsed (a third of what it makes are ones): it is told what the watch says of it, without a target.

For each way of being new, two shares of new samples are shown: of the first ones, and of all. `look_ms` is what a
sample costs besides its embedding, in the quickest of three passes.

Targets: no alarm in 10,000 samples of each healthy generator; a planted collapse is noticed within 100 samples; 0.3 ms
a sample besides the embedding.

    python benchmarks/collapse.py --data DIR --check
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import mnist
import numpy as np
from harness import Benchmark

import lightning_synthaug as sa
from lightning_synthaug.assets import demo_generator, digits_split
from lightning_synthaug.generators import request_seed
from lightning_synthaug.generators.gates import RealSamples
from lightning_synthaug.generators.gates.embeddings import Embedding, OrientedGradients
from lightning_synthaug.generators.gates.watch import Collapse, CollapseWatch, Reference

HEADER = ("generator", "alarm", "similarity", "coverage", "labels", "look_ms")
SAMPLES, TURN, WITHIN, REAL, BATCH = 10_000, 200, 100, 500, 64
#: Collapses are planted after this many stretches of 200 samples, one after the other.
STRETCHES = 10
#: Standard deviation of the noise, in levels of 256.
NOISE = 5.0

Samples = tuple[list[sa.Request], list[Any]]


class Seen(Embedding):
    """Hands out vectors that were computed before."""

    def embed(self, records: Any) -> Any:
        """Stack them."""
        return np.stack(records)


class Subject(NamedTuple):
    """A generator, and the real samples that it is held against.

    Attributes:
        name: What the table calls it.
        generator: The generator.
        real: Real images and their labels.
        healthy: Whether it must raise no alarm.
    """

    name: str
    generator: sa.Generator
    real: tuple[np.ndarray, np.ndarray]
    healthy: bool = True


def subjects(data: Path | None) -> Iterator[Subject]:
    """List what is studied."""
    digits = digits_split().train_pool
    yield Subject("demo", demo_generator(), (digits.images, digits.labels))
    if data is None:
        return
    real = mnist.mnist(data)
    for name in ("cgan", "cvae"):
        yield Subject(name, mnist.GENERATORS[name](data), real)
    for guidance in (1.0, 2.0):
        quick = {"guidance": guidance, "steps": 5}  # good enough
        flow = mnist.load(data / "gen-mnist-flowvit-sofia", module_args=quick)["flow"]
        yield Subject(f"flow_{guidance:g}", flow, real)
    unasked = mnist.load(data / "gen-mnist-vae-gan-csinva")
    yield Subject("vae", unasked["vae"], real)
    yield Subject("mlp_gan", unasked["collapsed gan"], real, healthy=False)


def made(generator: sa.Generator, count: int) -> Samples:
    """Have samples made, labels at random where they are asked for."""
    asked = generator.conditioning == "class"
    labels = np.random.default_rng(0).integers(0, 10, count).tolist()
    requests = [
        sa.Request(label, i, seed=request_seed(0, label=label, number=i))
        for i, label in enumerate(labels if asked else [None] * count)
    ]
    generator.load("cpu")
    answers: list[Any] = []
    for i in range(0, count, 500):
        answers += generator.generate(requests[i : i + 500])
    generator.unload()
    return requests, answers


def reference(subject: Subject) -> Reference:
    """Embed real samples, as a run does."""
    images, labels = subject.real
    codes = np.asarray(labels, np.int64)
    chosen = RealSamples(len(images), lambda _: sa.Record({}), labels=codes).spread(REAL)
    vectors = OrientedGradients().embed(mnist.records(np.asarray(images)[chosen]))
    return Reference(vectors, codes[chosen])


def look(watch: CollapseWatch, requests: list[sa.Request], samples: list[Any]) -> Collapse | None:
    """Show samples to a watch until there is an alarm."""
    for i in range(0, len(requests), BATCH):
        found = watch.see(requests[i : i + BATCH], samples[i : i + BATCH])
        if found is not None:
            return found
    return None


def planted(requests: list[sa.Request], records: list[Any]) -> dict[str, list[np.ndarray]]:
    """Turn to one sample after 200: the vectors of what is made from then on, for each kind of collapse."""
    last = {r.label: i for i, r in enumerate(requests[:TURN])}
    after = requests[TURN:]
    image = records[TURN - 1]["image"].astype(np.float64)
    noise = np.random.default_rng(0).normal(0, NOISE, (len(after), *image.shape))
    noisy = np.clip(image + noise, 0, 255).round().astype(np.uint8)
    kinds = {
        "one": [records[TURN - 1]] * len(after),
        "each": [records[last.get(r.label, TURN - 1)] for r in after],
        "noise": mnist.records(noisy),
    }
    return {kind: list(OrientedGradients().embed(made)) for kind, made in kinds.items()}


def study(benchmark: Benchmark, subject: Subject, samples: int) -> None:
    """Look at one generator as it is, and with collapses planted."""
    requests, records = made(subject.generator, samples)
    parts = [OrientedGradients().embed(records[i : i + 500]) for i in range(0, samples, 500)]
    vectors, real = list(np.concatenate(parts)), reference(subject)

    def watch() -> CollapseWatch:
        return CollapseWatch(Seen(), real, chooses=subject.generator.conditioning == "none")

    costs = []
    for _ in range(3):
        healthy, began = watch(), time.perf_counter()
        found = look(healthy, requests, vectors)
        seconds = time.perf_counter() - began
        costs.append(1e3 * seconds / (samples if found is None else found.made))
    cost = min(costs)
    shares = {name: f"{first:.2f} {mean:.2f}" for name, (first, mean) in healthy.shares().items()}
    told = [shares.get(name, "-") for name in ("similarity", "coverage", "labels")]
    alarm = "none" if found is None else f"{found.statistic} after {found.made}"
    benchmark.rows.append((subject.name, alarm, *told, f"{cost:.3f}"))
    if subject.healthy:
        benchmark.need(f"{subject.name}_alarms", float(found is not None), at_most=0)
        benchmark.need(f"{subject.name}_look_ms", cost, at_most=0.3)
    slowest: dict[str, int] = {}
    for start in range(0, min(STRETCHES * TURN, samples - 3 * TURN), TURN):
        asked, have = requests[start : start + 3 * TURN], records[start : start + 3 * TURN]
        for kind, after in planted(asked, have).items():
            noticed = look(watch(), asked, [*vectors[start : start + TURN], *after])
            count = 3 * TURN if noticed is None else noticed.made - TURN
            slowest[kind] = max(slowest.get(kind, 0), count)
    for kind, count in slowest.items():
        benchmark.need(f"{subject.name}_{kind}_noticed_after", count, at_most=WITHIN)


def collapse_study(
    benchmark: Benchmark, data: Path | None = None, *, samples: int = SAMPLES
) -> None:
    """Study the package's own generator, and pretrained ones where there are some.

    Args:
        benchmark: Where rows, figures and targets go.
        data: Folder of data sets and pretrained generators, or None.
        samples: Samples that each makes.
    """
    for subject in subjects(data):
        study(benchmark, subject, samples)


def main() -> int:
    """Run the study."""
    benchmark = Benchmark("collapse", __doc__ or "")
    parser = benchmark.parser()
    parser.add_argument("--data", type=Path, metavar="DIR", help="data sets and generators")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="of each (default: 10,000)")
    args = parser.parse_args()
    collapse_study(benchmark, args.data, samples=args.samples)
    return benchmark.finish(args, HEADER)


if __name__ == "__main__":
    sys.exit(main())
