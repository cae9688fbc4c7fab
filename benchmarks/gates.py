"""What gates let through, what they find, and what they cost.

Fidelity: the gates are fitted on 20 real digits a class, five times. A judge that learnt from 60,000 other digits
says how many samples of each pretrained generator show what was asked, before the gates and after them. Targets: for
each generator with more than 80 % right before, at least 97 % right after, and at least 80 % of the right ones kept; at
least 95 % of held-out real digits pass; of 10,000 images of noise at most 10 do.

Copies: real samples, changed a little, are planted among 1,000 generated ones. Targets: at least 99 % of them are found
with the threshold that refuses 1 % of real samples that were never seen; the gate as it is refuses no more than that.

    python benchmarks/gates.py --data DIR --check
"""

from __future__ import annotations

import sys
import time
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from harness import Benchmark
from mnist import GENERATORS, Judge, made, mnist, records
from plants import IMAGE_COPIES, changed_gain, one_word_changed

import lightning_synthaug as sa
from lightning_synthaug.generators.gates import (
    FidelityBand,
    Gate,
    LabelConsistency,
    NearDuplicate,
    RealSamples,
    ValidImage,
)

DRAWS = 5
A_CLASS = 20
#: Real samples that copies are made of, those that the gate against copies is fitted on, and those it never saw.
COPIED, KNOWN, UNSEEN = 500, 2000, 2000


def accepted(
    gates: Sequence[Gate], requests: Sequence[sa.Request], samples: Sequence[sa.Record]
) -> np.ndarray:
    """Tell which samples pass all gates."""
    passes = np.ones(len(samples), bool)
    for gate in gates:
        passes &= [verdict.accepted for verdict in gate.judge(requests, samples)]
    return passes


def fidelity(bench: Benchmark, data: Path, count: int, noise: int) -> None:
    """Measure what gates do to the share of samples that show what was asked."""
    images, labels = mnist(data)
    judge = Judge(data)
    print(f"the judge is right on {np.mean(judge(images) == labels):.2%} of 5,000 real digits")
    made_by = {}
    for name, make in GENERATORS.items():
        began = time.perf_counter()
        requests, samples = made(make(data), count)
        seconds = (time.perf_counter() - began) / count
        asked = np.array([r.label for r in requests])
        right = judge(np.stack([s["image"] for s in samples])) == asked
        made_by[name] = requests, samples, right, seconds
    rng = np.random.default_rng(0)
    noisy = records(rng.integers(0, 256, (noise, 28, 28), np.uint8))
    of_noise = [sa.Request(label=i % 10, number=i // 10) for i in range(noise)]
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in made_by}
    real, passed, fitted, judged = [], [], [], []
    for draw in range(DRAWS):
        order = np.random.default_rng(draw).permutation(len(images))
        known = np.concatenate([order[labels[order] == c][:A_CLASS] for c in range(10)])
        held_out = np.setdiff1d(order, known)
        gates: list[Gate] = [ValidImage(), LabelConsistency(), FidelityBand(), NearDuplicate()]
        began = time.perf_counter()
        for gate in gates:
            gate.fit(RealSamples.of(records(images[known], labels[known])))
        fitted.append(time.perf_counter() - began)
        asked = [sa.Request(label=int(label), number=0) for label in labels[held_out]]
        real.append(np.mean(accepted(gates, asked, records(images[held_out]))))
        passed.append(int(np.sum(accepted(gates, of_noise, noisy))))
        for name, (requests, samples, right, _) in made_by.items():
            began = time.perf_counter()
            keep = accepted(gates, requests, samples)
            judged.append((time.perf_counter() - began) / len(samples))
            found[name].append((np.mean(right[keep]), np.sum(right & keep) / np.sum(right)))
    for name, (_, _, right, seconds) in made_by.items():
        after, kept = np.mean(found[name], axis=0)
        low, high = np.min(found[name], axis=0), np.max(found[name], axis=0)
        before = float(np.mean(right))
        bench.rows.append(
            (
                name,
                f"{before:.1%}",
                f"{after:.1%}",
                f"{low[0]:.1%} to {high[0]:.1%}",
                f"{kept:.1%}",
                f"{low[1]:.1%} to {high[1]:.1%}",
                f"{1e3 * seconds:.1f}",
                f"{1e3 * np.mean(judged):.1f}",
            )
        )
        bench.figures[f"{name}: right before"] = before
        if before > 0.8:
            bench.need(f"{name}: right after the gates", float(after), at_least=0.97)
            bench.need(f"{name}: right ones kept", float(kept), at_least=0.8)
    bench.figures["seconds to fit"] = float(np.mean(fitted))
    bench.need("held-out real digits that pass", float(np.mean(real)), at_least=0.95)
    bench.figures["held-out real digits that pass, at least"] = float(np.min(real))
    bench.need(f"of {noise:,} images of noise pass", float(np.max(passed)), at_most=10.0)


def found_copies(
    bench: Benchmark,
    what: str,
    real: Sequence[sa.Record],
    copies: dict[str, list[sa.Record]],
    unseen: Sequence[sa.Record],
    *,
    needed: Sequence[str],
    among: Sequence[sa.Record] = (),
) -> None:
    """Measure how many copies the gate finds, and what it takes for one by mistake."""
    gate = NearDuplicate()
    gate.fit(RealSamples.of(list(real)))

    def judged(samples: Sequence[sa.Record]) -> tuple[float, np.ndarray]:
        verdicts = gate.judge([sa.Request(None, 0)] * len(samples), samples)
        refused = float(np.mean([not verdict.accepted for verdict in verdicts]))
        return refused, np.array([verdict.score for verdict in verdicts])

    alarms, scores = judged(unseen)
    limit = np.quantile(scores, 0.01)
    name = f"{what}: false alarms of the gate as it is on {len(unseen):,} unseen real ones"
    bench.need(name, alarms, at_most=0.01)
    if among:
        bench.figures[f"{what}: refused of {len(among):,} generated ones"] = judged(among)[0]
    for name, samples in copies.items():
        refused, scores = judged(samples)
        found = float(np.mean(scores < limit))
        print(f"{what}, {name}: {found:.1%} found at 1 % false alarms, {refused:.1%} by the gate")
        bench.figures[f"{what}: found by the gate, {name}"] = refused
        if name in needed:
            bench.need(f"{what}: found at 1 % false alarms, {name}", found, at_least=0.99)
        else:
            bench.figures[f"{what}: found at 1 % false alarms, {name}"] = found


def copied_images(bench: Benchmark, data: Path) -> None:
    """Plant copies of digits among generated ones."""
    images, _ = mnist(data)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(images))
    known, unseen = images[order[:KNOWN]], images[order[KNOWN : KNOWN + UNSEEN]]
    among = made(GENERATORS["flow 1"](data), 1000)[1]
    copies = {name: records(change(known[:COPIED], rng)) for name, change in IMAGE_COPIES.items()}
    found_copies(
        bench,
        "digits",
        records(known),
        copies,
        records(unseen),
        needed=["exact", "shift up to 2 px", "noise 0.05", "JPEG 75"],
        among=among,
    )


def copied_texts(bench: Benchmark, data: Path) -> None:
    """Plant sentences of reviews with one word changed."""
    lines = [
        line
        for path in sorted((data / "sentiment-sentences").glob("*.txt"))
        for line in path.read_text(encoding="utf-8").split("\n")
    ]
    texts = sorted({line.rpartition("\t")[0].strip() for line in lines} - {""})
    rng = np.random.default_rng(0)
    texts = [texts[i] for i in rng.permutation(len(texts))]
    words = sorted({word for text in texts for word in text.split()})
    known, unseen = texts[: len(texts) // 2], texts[len(texts) // 2 :]
    # Of two words with one changed nobody can say where they come from.
    long = [text for text in known if len(text.split()) >= 8]
    short = [text for text in known if len(text.split()) < 8]
    copies = {
        "exact": known,
        "one word of eight or more": [one_word_changed(text, words, rng) for text in long],
        "one word of less than eight": [one_word_changed(text, words, rng) for text in short],
    }

    def of(some: Sequence[str]) -> list[sa.Record]:
        return [sa.Record({"text": text}) for text in some]

    found_copies(
        bench,
        "sentences",
        of(known),
        {name: of(some) for name, some in copies.items()},
        of(unseen),
        needed=list(copies)[:2],
    )


def copied_audio(bench: Benchmark, data: Path) -> None:
    """Plant spoken digits that are less loud."""
    clips: list[Any] = []
    for path in sorted((data / "fsdd-4speakers").glob("*.wav")):
        with wave.open(str(path)) as file:
            clips.append(np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768)
    rng = np.random.default_rng(0)
    clips = [clips[i].astype(np.float32) for i in rng.permutation(len(clips))]
    known, unseen = clips[: len(clips) // 2], clips[len(clips) // 2 :]
    copies = {"exact": known, "gain": [changed_gain(clip, rng) for clip in known]}

    def of(some: Sequence[np.ndarray]) -> list[sa.Record]:
        return [sa.Record({"audio": clip, "rate": 8000}) for clip in some]

    found_copies(
        bench,
        "spoken digits",
        of(known),
        {name: of(some) for name, some in copies.items()},
        of(unseen),
        needed=list(copies),
    )


def main() -> int:
    """Run the benchmark."""
    bench = Benchmark("gates", __doc__ or "")
    parser = bench.parser()
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of the data sets and pretrained generators"
    )
    parser.add_argument("--samples", type=int, default=2000, help="samples of each generator")
    parser.add_argument("--only", choices=["fidelity", "copies"], help="leave the other half out")
    parser.add_argument("--noise", type=int, default=10_000, help="images of noise")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.only != "copies":
        fidelity(bench, args.data, args.samples, args.noise)
    if args.only != "fidelity":
        copied_images(bench, args.data)
        copied_texts(bench, args.data)
        copied_audio(bench, args.data)
    head = ["generator", "right", "after", "range", "kept", "range", "ms to make", "ms to judge"]
    return bench.finish(args, head)


if __name__ == "__main__":
    sys.exit(main())
