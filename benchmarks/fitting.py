"""What a fitted generator is worth: do strangers recognise its samples?

A generator is fitted on the training images of a folder in the format of MNIST (Fashion-MNIST has it too), on the
digits of scikit-learn, or on recordings: WAV files named `label_speaker_number.wav`, as in the Free Spoken Digit
Dataset, of which the speaker `--without` is left out, three fifths are fitted on, and 0.75 seconds count. A classifier
that learned from other real samples, which the fit never saw, then reads samples of it, as many of each class, and real
ones that neither has seen. The first of its accuracies has to reach 0.85 of the second. Beside it: how varied samples
are (mean distance between two of a class, 1 for real ones), and the time that the fit and its report took.

    python benchmarks/fitting.py --data DIR --kind cvae --minutes 15 --check
    python benchmarks/fitting.py --data digits --kind diffusion --minutes 10 --check
    python benchmarks/fitting.py --data RECORDINGS --kind cgan --minutes 12 --check
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import torch
from harness import Benchmark

import lightning_synthaug as sa
from lightning_synthaug.assets import digits_split
from lightning_synthaug.fitting import fit_generator
from lightning_synthaug.fitting.data import FitData, fit_data
from lightning_synthaug.fitting.judge import Judge
from lightning_synthaug.fitting.sounds import sound_data

SAMPLES = 2000
#: Share of the images not fitted on that the judge learns from; the rest is what it is measured on.
JUDGES = 0.8
#: Seconds of a recording that count, and the share of recordings that is fitted on.
SECONDS, FITTED = 0.75, 0.6
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


def read_sounds(folder: Path, without: str) -> tuple[Any, FitData, FitData, FitData]:
    """Return the waves that are fitted on, and the same three as `read` of their pictures."""
    names = [p for p in sorted(folder.glob("*.wav")) if p.stem.split("_")[1] != without]
    waves, labels = [], np.array([int(p.stem.split("_")[0]) for p in names])
    for path in names:
        with wave.open(str(path)) as file:
            rate = file.getframerate()
            sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        length = round(SECONDS * rate)
        waves.append(np.pad(sound[:length], (0, max(0, length - len(sound)))))
    order = np.random.default_rng(0).permutation(len(labels))
    cut = round(FITTED * len(order))
    mine, rest = order[:cut], order[cut:]
    sounds = np.stack(waves)
    fitted = sound_data(sounds[mine], labels[mine], rate=rate)
    others = sound_data(sounds[rest], labels[rest], rate=rate, spectrograms=fitted.spectrograms)
    cut = round(JUDGES * len(rest))
    parts = others.take(np.arange(cut)), others.take(np.arange(cut, len(rest)))
    return sounds[mine], fitted, *parts


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
    parser.add_argument("--without", default="", help="of recordings: the speaker left out")
    parser.add_argument("--epochs", type=int, help="instead of a limit on minutes")
    parser.add_argument("--width", type=int, help="of the networks")
    parser.add_argument("--keep", type=Path, help="folder to keep the generator in")
    args = parser.parse_args()
    waves: Any = None
    if any(Path(args.data).glob("*.wav")):
        waves, data, for_judge, real = read_sounds(Path(args.data), args.without)
    else:
        data, for_judge, real = read(args.data)
    judge = Judge(for_judge)
    own = judge.accuracy(real.images, real.classes)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        whole = np.rint(data.images[:, 0] * 255).astype(np.uint8)
        labels = np.asarray(data.labels)[data.classes]
        out = args.keep or Path(folder) / "fitted"
        limit = max(args.minutes - REPORT, args.minutes / 2)
        options: dict[str, Any] = {"epochs": args.epochs} if args.epochs else {"max_minutes": limit}
        options["width"] = args.width
        if data.spectrograms is not None:
            options["rate"] = data.spectrograms.rate
        samples = whole if waves is None else waves
        generator = fit_generator(args.kind, samples, labels, out=out, **options)
        minutes = (time.perf_counter() - began) / 60
        card = json.loads((out / "card.json").read_text())
        generator.load("cuda" if torch.cuda.is_available() else "cpu")
        asked = [
            sa.Request(label=data.labels[i % len(data.labels)], number=i, seed=(1 << 50) + i)
            for i in range(args.samples)
        ]
        began = time.perf_counter()
        field = "image" if waves is None else "audio"
        given: Any = np.stack([record[field] for record in generator.generate(asked)])  # type: ignore[index]
        rate = len(given) / (time.perf_counter() - began)
    wanted = np.array([request.label for request in asked])
    made = (
        fit_data(given, wanted)
        if waves is None
        else sound_data(given, wanted, spectrograms=data.spectrograms)
    )
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
