"""What a fitted generator is worth: do strangers recognise its samples?

A generator is fitted on the training images of a folder in the format of MNIST (Fashion-MNIST has it too), or on the
digits of scikit-learn. A classifier that learned from other real images, which the fit never saw, then reads samples of
it, as many of each class, and real images that neither has seen. The first of its accuracies has to reach 0.85 of the
second. Beside it: how varied samples are (mean distance between two of a class, 1 for real ones), and the time that the
fit and its report took.

    python benchmarks/fitting.py --data DIR --kind cvae --minutes 15 --check
    python benchmarks/fitting.py --data digits --kind diffusion --minutes 10 --check
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from harness import Benchmark

import lightning_synthaug as sa
from lightning_synthaug.assets import digits_split
from lightning_synthaug.fitting import fit_generator
from lightning_synthaug.fitting.data import FitData, fit_data
from lightning_synthaug.fitting.judge import Judge

SAMPLES = 2000
#: Share of the images not fitted on that the judge learns from; the rest is what it is measured on.
JUDGES = 0.8
#: Minutes that a report may take on a busy machine.
REPORT = 1.5


def read(data: str) -> tuple[FitData, FitData, FitData]:
    """Return what is fitted on, what the judge learns from, and what it is measured on."""
    if data == "digits":
        parts = digits_split()
        fitted, other = parts.partner, parts.test
    else:
        folder = next(p for p in (Path(data) / "fashion-mnist-10k", Path(data)) if p.is_dir())
        fitted, other = (_Idx(folder, part) for part in ("train", "t10k"))
    rest = fit_data(other.images, other.labels)
    order = np.random.default_rng(0).permutation(len(rest.classes))
    cut = round(JUDGES * len(order))
    return fit_data(fitted.images, fitted.labels), rest.take(order[:cut]), rest.take(order[cut:])


class _Idx:
    """Images and labels of two files."""

    def __init__(self, folder: Path, part: str) -> None:
        images = gzip.decompress((folder / f"{part}-images-idx3-ubyte.gz").read_bytes())
        sides = np.frombuffer(images, ">i4", count=2, offset=8)
        self.images = np.frombuffer(images, np.uint8, offset=16).reshape(-1, *sides)
        labels = gzip.decompress((folder / f"{part}-labels-idx1-ubyte.gz").read_bytes())
        self.labels = np.frombuffer(labels, np.uint8, offset=8).astype(np.int64)


def variety(made: FitData, real: FitData) -> float:
    """Compare the mean distance between two samples of a class with that between two real images."""
    ratios = []
    for label in range(len(real.labels)):
        pair = [
            torch.from_numpy(d.images[d.classes == label][:150]).flatten(1) for d in (made, real)
        ]
        ratios.append(float(torch.pdist(pair[0]).mean() / torch.pdist(pair[1]).mean()))
    return float(np.mean(ratios))


def main() -> int:
    """Fit, judge, and hold against the targets."""
    bench = Benchmark("fitting", __doc__ or "")
    parser = bench.parser()
    parser.add_argument(
        "--data", required=True, help='folder of data sets or of the four files, or "digits"'
    )
    parser.add_argument("--kind", default="cvae", choices=["cvae", "cgan", "diffusion"])
    parser.add_argument("--minutes", type=float, default=15, help="for everything but the judge")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="that the judge reads")
    parser.add_argument("--keep", type=Path, help="folder to keep the generator in")
    args = parser.parse_args()
    data, for_judge, real = read(args.data)
    judge = Judge(for_judge)
    own = judge.accuracy(real.images, real.classes)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        whole = np.rint(data.images[:, 0] * 255).astype(np.uint8)
        labels = np.asarray(data.labels)[data.classes]
        out = args.keep or Path(folder) / "fitted"
        limit = max(args.minutes - REPORT, args.minutes / 2)
        generator = fit_generator(args.kind, whole, labels, out=out, max_minutes=limit)
        minutes = (time.perf_counter() - began) / 60
        card = json.loads((out / "card.json").read_text())
        generator.load("cuda" if torch.cuda.is_available() else "cpu")
        asked = [
            sa.Request(label=data.labels[i % len(data.labels)], number=i, seed=(1 << 50) + i)
            for i in range(args.samples)
        ]
        began = time.perf_counter()
        images = np.stack([record["image"] for record in generator.generate(asked)])  # type: ignore[index]
        rate = len(images) / (time.perf_counter() - began)
    made = fit_data(images, np.array([request.label for request in asked]))
    found = judge.accuracy(made.images, made.classes)
    bench.rows.append(
        [
            args.kind,
            f"{own:.3f}",
            f"{found:.3f}",
            f"{variety(made, real):.2f}",
            f"{minutes:.1f}",
            f"{rate:.0f}",
        ]
    )
    print(json.dumps({key: card[key] for key in ("losses", "report")}, indent=2))
    bench.need("fidelity ratio", found / own, at_least=0.85)
    bench.need("minutes", minutes, at_most=args.minutes)
    return bench.finish(args, ["kind", "real", "samples", "variety", "minutes", "samples/s"])


if __name__ == "__main__":
    sys.exit(main())
