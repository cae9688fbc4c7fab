"""Spoken digits by people who were never heard in training: real, classical, synthetic and mixed training sets.

    PYTHONPATH=plugins/synthaug-speech/src python examples/audio_digits.py --data ../shared/data/fsdd-4speakers \
        --piper voice.onnx --out results.jsonl
    python examples/audio_digits.py --table results.jsonl

A seed leaves one of the four speakers out for the test and draws its few recordings from the other three. All arms of a
seed share recordings, first weights and number of steps; differences are paired by seed. The configuration is below.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import ConcatDataset, DataLoader, Dataset, RandomSampler

import lightning_synthaug as sa

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
RATE, SECONDS = 8000, 1.0
SHOTS = (5, 1, 20, 3)
SEEDS = 8
STEPS, BATCH, RATE_OF_LEARNING = 300, 32, 2e-3
POOL = 600
RAMP = sa.Linear(0.8, 0.3, over="100%")
Recordings = dict[tuple[int, str], list[Any]]
#: For each arm: which speech, its share, and whether sounds are transformed.
ARMS: dict[str, tuple[tuple[str, ...], Any, bool]] = {
    "real": ((), 0.0, False),
    "classical": ((), 0.0, True),
    "piper only": (("piper",), 1.0, False),
    "espeak only": (("espeak",), 1.0, False),
    "both only": (("piper", "espeak"), 1.0, False),
    "mix with ramp": (("piper", "espeak"), RAMP, True),
}


def recordings(folder: Path) -> Recordings:
    """Read all recordings by digit and speaker, at the loudness and length of the synthetic ones."""
    from synthaug_speech.finish import Finish

    finish = Finish(rate=RATE, seconds=None, loudness=-23.0, trim=40.0, dtype="float32")
    found: Recordings = {}
    for path in sorted(folder.glob("*.wav")):
        digit, speaker, _ = path.stem.split("_")
        with wave.open(str(path)) as file:
            sound = np.frombuffer(file.readframes(file.getnframes()), "<i2") / np.float32(32768)
            made = finish(sound, file.getframerate())
        length = round(RATE * SECONDS)
        made = made[:length]  # a few have a long pause at their end
        left = (length - len(made)) // 2
        made = np.pad(made, (left, length - len(made) - left))
        found.setdefault((int(digit), speaker), []).append(torch.from_numpy(made)[None])
    return found


class LogMel(nn.Module):
    """Turn waves `(1, n)` into logarithms of the energy in 40 bands, `(1, 40, frames)`."""

    def __init__(self, bands: int = 40) -> None:
        super().__init__()
        edges = 700 * (
            10 ** (np.linspace(60, 2595 * np.log10(1 + RATE / 1400), bands + 2) / 2595) - 1
        )
        hertz = np.linspace(0, RATE / 2, 129)[:, None]
        up, down = (
            (hertz - edges[:-2]) / np.diff(edges)[:-1],
            (edges[2:] - hertz) / np.diff(edges)[1:],
        )
        self.bands = torch.from_numpy(np.maximum(np.minimum(up, down), 0).astype(np.float32)).T
        self.window = torch.hann_window(256)

    def forward(self, waves: Tensor) -> Tensor:
        """Compute one spectrogram, of mean 0."""
        power = torch.stft(waves, 256, 128, window=self.window, return_complex=True).abs() ** 2
        levels = torch.log10((self.bands @ power).clamp_min(1e-6))
        return levels - levels.mean()


class Spoken(Dataset[Any]):
    """Recordings with the project's own transform, as a user has them."""

    def __init__(self, items: list[tuple[Tensor, int]]) -> None:
        self.items = items
        self.transform = LogMel()

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        waves, label = self.items[index]
        return self.transform(waves), label


def network() -> nn.Module:
    """A small convolutional network."""

    def block(before: int, after: int) -> list[nn.Module]:
        return [
            nn.Conv2d(before, after, 3, padding=1),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]

    return nn.Sequential(
        *block(1, 16), *block(16, 32), *block(32, 64),
        nn.AdaptiveAvgPool2d((2, 4)), nn.Flatten(), nn.Dropout(0.3), nn.Linear(512, 10),
    )  # fmt: skip


def accuracy(
    arm: str,
    shots: int,
    seed: int,
    data: dict[tuple[int, str], list[Any]],
    args: argparse.Namespace,
) -> float:
    """Train one network and test it on the speaker left out."""
    names, ratio, transformed = ARMS[arm]
    speakers = sorted({speaker for _, speaker in data})
    unseen = speakers[seed % len(speakers)]
    rng = np.random.default_rng([seed, 17])
    train = []
    for digit in range(10):
        known = [w for s in speakers if s != unseen for w in data[digit, s]]
        # The first of a longer draw: the recordings of 3 shots are among those of 20.
        train += [(known[i], digit) for i in rng.permutation(len(known))[:shots]]
    real = Spoken(train)
    torch.manual_seed(seed)
    model = network()
    whole: Dataset[Any] = ConcatDataset([real] * -(-STEPS * BATCH // len(real)))
    draw = torch.Generator().manual_seed(seed)
    loader = DataLoader(whole, BATCH, sampler=RandomSampler(whole, generator=draw), drop_last=True)
    options: dict[str, Any] = {"seed": seed, "cache": args.cache, "transform_on": "both"}
    if transformed:
        options["transform"] = sa.transforms.audio("medium", rate=RATE)
    batches: Any = loader
    if names or transformed:
        sources = {name: speech(name, args.piper) for name in names or ["espeak"]}
        batches = sa.mix(loader, sources, ratio, total_batches=STEPS, pool=POOL, **options)
    optimizer = torch.optim.AdamW(model.parameters(), RATE_OF_LEARNING)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE_OF_LEARNING, STEPS)
    model.train()
    for spectrograms, labels in itertools.islice(batches, STEPS):
        optimizer.zero_grad()
        F.cross_entropy(model(spectrograms), labels).backward()
        optimizer.step()
        schedule.step()
    test = Spoken([(w, digit) for digit in range(10) for w in data[digit, unseen]])
    model.eval()
    with torch.inference_mode():
        right = [model(x).argmax(1) == y for x, y in DataLoader(test, 250)]
    return float(torch.cat(right).float().mean())


def speech(name: str, voices: list[str]) -> Any:
    """Make a generator."""
    from synthaug_speech import EspeakSpeech, PiperSpeech

    form: dict[str, Any] = {"rate": RATE, "seconds": SECONDS}
    return (
        EspeakSpeech(DIGITS, **form)
        if name == "espeak"
        else PiperSpeech(DIGITS, voices=voices, **form)
    )


def table(path: Path) -> str:
    """Write the table of all results: means, and paired differences to `classical` with 95 % intervals."""
    from scipy.stats import t

    runs = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    figures = {(r["shots"], r["arm"], r["seed"]): r["accuracy"] for r in runs}
    lines = [
        "| real per digit | arm | seeds | accuracy | minus classical (95 %) |",
        "|---|---|---|---|---|",
    ]
    for shots, arm in itertools.product(sorted(SHOTS), ARMS):
        own = {s: a for (n, name, s), a in figures.items() if (n, name) == (shots, arm)}
        if not own:
            continue
        pairs = [
            a - figures[shots, "classical", s]
            for s, a in own.items()
            if (shots, "classical", s) in figures
        ]
        told = ""
        if arm != "classical" and len(pairs) > 1:
            wide = float(t.ppf(0.975, len(pairs) - 1)) * np.std(pairs, ddof=1) / len(pairs) ** 0.5
            mean = float(np.mean(pairs))
            told = f"{100 * mean:+.1f} ({100 * (mean - wide):+.1f} to {100 * (mean + wide):+.1f})"
        lines.append(
            f"| {shots} | {arm} | {len(own)} | {100 * np.mean([*own.values()]):.1f} % | {told} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run what is missing in the file of results, or print its table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of the recordings")
    parser.add_argument("--piper", nargs="+", default=[], metavar="ONNX", help="Piper voices")
    parser.add_argument(
        "--out", type=Path, default=Path("audio_digits.jsonl"), help="results, a line a run"
    )
    parser.add_argument(
        "--cache", type=Path, default=Path("audio_digits_cache"), help="synthetic samples"
    )
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="print the table of results and stop"
    )
    args = parser.parse_args()
    if args.table:
        print(table(args.table))
        return
    torch.set_num_threads(1)
    data = recordings(args.data)
    lines = args.out.read_text("utf-8").splitlines() if args.out.exists() else []
    done = {(r["shots"], r["arm"], r["seed"]) for r in map(json.loads, lines)}
    for shots, seed, arm in itertools.product(SHOTS, range(SEEDS), ARMS):
        if (shots, arm, seed) in done or ("piper" in ARMS[arm][0] and not args.piper):
            continue
        began = time.perf_counter()
        run = {
            "shots": shots,
            "arm": arm,
            "seed": seed,
            "accuracy": accuracy(arm, shots, seed, data, args),
        }
        print(f"{run}  {time.perf_counter() - began:.0f} s", flush=True)
        with args.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(run) + "\n")


if __name__ == "__main__":
    main()
