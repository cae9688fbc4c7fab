"""What the same change costs one by one in the loader (`transform=`) and a batch at a time (`batch_transform=`).

Batches of 64: images of 32x32 and 224x224 pixels, sounds of one second at 16 kHz, texts of some 47 words. One by one
is what the loader does: `apply` with a seed for each sample, of albumentations' transforms (on uint8), of our own of
sounds, and of our own and nlpaug's of texts. A batch at a time is what `batch_transform=` does: modules of kornia and
torch-audiomentations on float32, seeded for each batch. Both draw settings for each sample, from the same ranges. Of
the ready-made pipelines the batch gets what these libraries have: gamma in place of curves of each channel, one hole,
no change of tempo, no clipping, codec or silenced part. Texts have no batches.

Figures are microseconds a sample, of the process. With `--device cuda` those of the batch are of the clock, with the
device waited for. Collating and moving to the device, which both ways do, are not counted.

Targets: ready-made pipelines cost by `apply` (which seeds, copies, checks and makes a new record) at most 1.2 times
what they cost when each call is seeded as their library has it, by the upper end of the interval.

    python benchmarks/transforms.py --check
"""

from __future__ import annotations

import os

# Before numpy: one core.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
os.environ.update(NO_ALBUMENTATIONS_UPDATE="1")

import math
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import Any, NamedTuple

import albumentations as A
import cv2
import kornia.augmentation as K
import numpy as np
import torch
import torch_audiomentations as ta
from harness import Benchmark, interleaved, ratio_interval, shown
from torch import nn

import lightning_synthaug as sa
from lightning_synthaug.data import Record, build_transform
from lightning_synthaug.errors import MissingDependency
from lightning_synthaug.mixing.ondevice import on_device
from lightning_synthaug.plan.seeding import child_seed
from lightning_synthaug.transforms import picture, sound

BATCH = 64
RATE = 16_000
LONG = 0.02  # seconds of one measurement at least
STRENGTHS = ("light", "medium", "strong")
CHECKED = ('images("medium")', 'audio("medium")', 'text("eda")')
SENTENCES = (
    "The old waiter forgot the wrong dish without a word, and nobody at the table minded.",
    "I bought this charger for a long journey, but it stopped working on the second day.",
    "A quiet film about two brothers who open a small shop near the harbour.",
    "The second half of the story is slow, although the music keeps your attention until the end.",
    "Our room was clean and bright, the staff were friendly, and breakfast was better than expected.",
)
Measure = Callable[[], float]


class Change(NamedTuple):
    """One kind of change.

    Attributes:
        name: What it is called in the table.
        single: What `transform=` takes.
        batch: What `batch_transform=` takes; None where there is nothing like it.
    """

    name: str
    single: Any
    batch: nn.Module | None = None


class Kind(NamedTuple):
    """Samples and what is done to them.

    Attributes:
        name: What it is called in the table.
        field: Field of the records.
        values: The samples.
        more: Other fields of the records.
        tensor: The same as a batch; None for texts.
        changes: What is done.
        call: Calls a transform with a value and a seed, without this package.
    """

    name: str
    field: str
    values: Sequence[Any]
    more: dict[str, Any]
    tensor: torch.Tensor | None
    changes: list[Change]
    call: Callable[[Any, Any, int], object]


def images(size: int) -> Kind:
    """Images of a size, uint8 as datasets have them and floats as models take them."""
    array: Any = np.random.default_rng(0).integers(0, 256, (BATCH, size, size, 3), np.uint8)
    tensor = torch.from_numpy(array).permute(0, 3, 1, 2).contiguous().float() / 255
    turn, size_by, shear, sigma = (-15, 15), (0.88, 1.12), (-8, 8), (0.1, 2.0)
    hole = {"scale": (0.02, 0.33), "ratio": (0.3, 3.3)}
    jitter = (0.2, 0.2, 0.2, 0.1)  # brightness, contrast, saturation, hue
    changes = [
        Change("flip", A.HorizontalFlip(p=0.5), K.RandomHorizontalFlip(p=0.5)),
        Change(
            "affine",
            A.Affine(size_by, (-0.08, 0.08), rotate=turn, shear=shear, p=1),
            K.RandomAffine(turn, (0.08, 0.08), size_by, shear * 2, p=1),
        ),
        Change("colour", A.ColorJitter(*jitter, p=1), K.ColorJitter(*jitter, p=1)),
        Change(
            "blur", A.GaussianBlur((5, 5), sigma, p=1), K.RandomGaussianBlur((5, 5), sigma, p=1)
        ),
        Change("noise", A.GaussNoise((0.04, 0.04), p=1), K.RandomGaussianNoise(std=0.04, p=1)),
        Change("erasing", A.Erasing(**hole, p=1), K.RandomErasing(**hole, p=1)),
    ]
    for strength in STRENGTHS:
        pipeline = sa.transforms.images(strength)
        batch = like_images(**picture._STRENGTHS[strength])
        changes.append(Change(f'images("{strength}")', pipeline, batch))

    def call(transform: Any, value: Any, seed: int) -> object:
        transform.set_random_seed(seed)
        return transform(image=value)

    return Kind(f"image {size}x{size}", "image", list(array), {}, tensor, changes, call)


def like_images(
    *, turn: float, shift: float, scale: float, tone: float, noise: float, holes: float
) -> nn.Module:
    """Do to a batch what `sa.transforms.images` does to an image, as far as kornia has it."""
    parts = [
        K.RandomAffine(
            float(turn),
            (shift, shift),
            (1 - scale, 1 + scale),
            (-turn / 2, turn / 2) * 2,
            padding_mode="border",
            p=0.9,
        ),
        K.RandomGamma((1 - tone / 2, 1 + tone / 2), p=0.5),
        K.ColorJiggle(tone, tone, p=0.7),
        K.RandomGaussianNoise(std=noise / 2, p=0.2),
        K.RandomGaussianBlur((5, 5), (0.1, 0.3 + 10 * noise), p=0.2),
    ]
    if holes:
        parts.append(K.RandomErasing((0.0064, 0.0625), (1 / 3, 3.0), p=0.4))
    return nn.Sequential(*parts)


def sounds() -> Kind:
    """Sounds of one second, and batches of one channel."""
    values: Any = np.random.default_rng(0).normal(0, 0.1, (BATCH, RATE)).astype(np.float32)
    t, each = sa.transforms, {"sample_rate": RATE, "output_type": "dict"}
    changes = [
        Change("gain", t.Gain(decibels=(-6, 6)), ta.Gain(-6, 6, p=1, **each)),
        # Both from white noise to brown, which has 6 decibels less in each octave.
        Change(
            "noise",
            t.ColouredNoise(snr=(10, 40), slope=(0, 6)),
            ta.AddColoredNoise(10, 40, 0, 2, p=1, **each),
        ),
        Change(
            "low pass", t.PassFilter(hertz=(1500, 6000)), ta.LowPassFilter(1500, 6000, p=1, **each)
        ),
        Change(
            "frequency mask",
            t.FrequencyMask(octaves=(0.7, 0.7), hertz=(200, 4000)),
            ta.BandStopFilter(255, 5100, 0.48, 0.49, p=1, **each),
        ),
        Change("pitch", t.PitchShift(semitones=(-2, 2)), ta.PitchShift(-2, 2, p=1, **each)),
        Change("tempo", t.TimeStretch(factor=(0.9, 1.1))),
        Change("time mask", t.TimeMask(share=(0, 0.1))),
    ]
    for strength in STRENGTHS:
        pipeline = t.audio(strength)
        batch = like_audio(each, **sound._STRENGTHS[strength])
        changes.append(Change(f'audio("{strength}")', pipeline, batch))
    more, tensor = {"rate": RATE}, torch.from_numpy(values)[:, None]
    return Kind("sound 1 s", "audio", list(values), more, tensor, changes, called)


def like_audio(
    each: dict[str, Any], *, pitch: float, tempo: float, gain: float, snr: float, damage: float
) -> nn.Module:
    """Do to a batch what `sa.transforms.audio` does to a sound, as far as torch-audiomentations has it."""
    del tempo
    parts = [ta.PitchShift(-pitch, pitch, p=0.6, **each)]
    if damage:
        parts += [
            ta.LowPassFilter(1500, 6000, p=damage, **each),
            ta.HighPassFilter(60, 500, p=damage, **each),
        ]
    parts.append(ta.AddColoredNoise(snr, snr + 20, 0, 2, p=0.5, **each))
    if damage:
        parts.append(ta.BandStopFilter(200, 4000, 0.01, max(0.02, damage * 0.7), p=damage, **each))
    return ta.Compose([*parts, ta.Gain(-gain, gain, p=0.8, **each)], output_type="dict")


def texts() -> Kind:
    """Texts of three sentences; what needs WordNet is left out where its files are not."""
    rng = np.random.default_rng(0)
    values = [" ".join(rng.choice(SENTENCES, 3, replace=False)) for _ in range(BATCH)]
    changes = []
    for kind in ("swap", "delete", "synonyms", "insert", "eda", "keyboard", "spelling"):
        try:
            edit = sa.transforms.text(kind)
        except MissingDependency as error:
            print(f"{kind} is left out: {error}")
            continue
        changes.append(Change(f'text("{kind}")', edit))
    return Kind("text 47 words", "text", values, {}, None, changes, called)


def called(transform: Any, value: Any, seed: int) -> object:
    """Call a transform of a sound or a text with a generator; by its seed it draws what `apply` draws."""
    more = {} if isinstance(value, str) else {"rate": RATE}
    return transform(value, rng=np.random.default_rng(child_seed(seed, "rng")), **more)


def cost(run: Callable[[Iterator[int]], object], clock: Callable[[], float]) -> Measure:
    """Return what measures the microseconds a sample of a run over a batch, which is given seeds."""
    seeds = count()
    run(seeds)  # what is loaded or compiled at the first call
    began = clock()
    run(seeds)
    rounds = math.ceil(LONG / max(clock() - began, 1e-6))

    def measure() -> float:
        began = clock()
        for _ in range(rounds):
            run(seeds)
        return (clock() - began) / rounds / BATCH * 1e6

    return measure


def ways(kind: Kind, change: Change, device: torch.device) -> Iterator[tuple[str, Measure]]:
    """Return how each way of making a change is measured."""
    records = [Record({kind.field: value, **kind.more}) for value in kind.values]
    apply, spent = build_transform(change.single).apply, time.process_time
    yield "single", cost(lambda seeds: [*map(apply, records, seeds)], spent)
    if change.batch is not None and kind.tensor is not None:
        batch, tensors = change.batch, [kind.tensor.to(device)]

        def waited() -> float:
            torch.cuda.synchronize(device)
            return time.perf_counter()

        clock = spent if device.type == "cpu" else waited
        yield "batch", cost(lambda seeds: on_device(batch, tensors, None, next(seeds)), clock)
    if change.name in CHECKED:
        call = partial(kind.call, change.single)
        yield "direct", cost(lambda seeds: [*map(call, kind.values, seeds)], spent)


def main() -> int:
    """Run the benchmark."""
    bench = Benchmark("transforms", __doc__ or "")
    parser = bench.parser()
    parser.add_argument("--device", type=torch.device, default="cpu", help="of the batches")
    parser.add_argument("--repeats", type=int, default=7, help="rounds of each change")
    parser.add_argument("--quick", action="store_true", help="one round, small images alone")
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    warnings.simplefilter("ignore")  # of what their next versions will change
    kinds = [images(32), *([] if args.quick else [images(224)]), sounds(), texts()]
    for kind in kinds:
        for change in kind.changes:
            where = f"{kind.name}, {change.name}"
            runs = dict(ways(kind, change, args.device))
            found = interleaved([*runs.values()], 1 if args.quick else args.repeats)
            taken = dict(zip(runs, found.T, strict=True))
            middle = {way: float(np.median(each)) for way, each in taken.items()}
            bench.figures |= {f"{where}: {way}, us": value for way, value in middle.items()}
            if "direct" in taken:
                ratio = ratio_interval(taken["single"], taken["direct"])
                bench.need(f"{where}: cost over a seeded call, upper end", ratio[2], at_most=1.2)
            row = [kind.name, change.name, f"{middle['single']:,.0f}", "", "", ""]
            if "batch" in taken:
                ratio = ratio_interval(taken["batch"], taken["single"])
                faster = "batch" if ratio[2] < 1 else "one by one" if ratio[1] > 1 else "neither"
                row[3:] = [f"{middle['batch']:,.0f}", shown(ratio), faster]
            bench.row(*row)
    header = ["samples", "change", "one by one, us", "batch, us", "batch over one by one", "faster"]
    return bench.finish(args, header)


if __name__ == "__main__":
    sys.exit(main())
