"""Samples per second through the diffusers plugin, against a loop over the same pipeline written by hand.

The pipeline has random weights, so nothing is downloaded: of Stable Diffusion's size, in half precision, where there is
a CUDA device; elsewhere with a small denoiser at 64 x 64 pixels. Both sides make the same batch with the same prompts
and one seeded generator a row; the plugin's side also writes prompts, checks for values that are not finite, and brings
images to records. Measured in turn, in an order that changes.

Targets: text to image and image to image through the plugin at no less than 0.95 of the loop's speed.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from harness import Benchmark, interleaved, ratio_interval
from PIL import Image

from lightning_synthaug.data.record import Record
from lightning_synthaug.generators import Request

# Where the plugin lies in the repository: it need not be installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins/synthaug-diffusers/src"))

from synthaug_diffusers import DiffusersImageToImage, DiffusersTextToImage, random_pipeline
from synthaug_diffusers.base import DiffusersGenerator

NAMES = ["cat", "dog"]
STRENGTH = 0.5


def requests(count: int, side: int) -> list[Request]:
    """Ask for samples of two labels, with a real sample each."""
    rng = np.random.default_rng(0)
    made = []
    for number in range(count):
        image = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
        twin = Record({"image": image, "label": number % 2})
        made.append(Request(label=number % 2, number=number, seed=number, twin=twin))
    return made


def by_hand(pipeline: Any, asked: list[Request], **arguments: Any) -> Callable[[], Any]:
    """Return the loop's body: one batch of pictures, as bytes."""
    prompts = [f"a photo of a {NAMES[r.label or 0]}" for r in asked]

    def batch() -> Any:
        seeds = [torch.Generator().manual_seed(r.seed) for r in asked]
        made = pipeline(prompt=prompts, generator=seeds, output_type="np", **arguments)
        return (made.images * 255).round().astype(np.uint8)

    return batch


def timed(batch: Callable[[], Any], count: int) -> Callable[[], float]:
    """Return a measurement of samples per second."""

    def run() -> float:
        began = time.perf_counter()
        batch()  # ends with pixels on the CPU, so nothing is left running
        return count / (time.perf_counter() - began)

    return run


def main() -> int:
    """Run the benchmark."""
    bench = Benchmark("diffusion", __doc__ or "")
    parser = bench.parser()
    parser.add_argument("--batch", type=int, help="images at once")
    parser.add_argument("--steps", type=int, default=10, help="denoising steps")
    parser.add_argument("--repeats", type=int, default=7, help="rounds")
    args = parser.parse_args()
    cuda = torch.cuda.is_available()
    device, scale, side = ("cuda", "stable-diffusion", 512) if cuda else ("cpu", "tiny", 64)
    count = args.batch or (8 if cuda else 4)
    if not cuda:
        torch.set_num_threads(1)
    asked = requests(count, side)
    twins = [Image.fromarray(np.asarray(r.twin["image"])) for r in asked if r.twin is not None]
    common: dict[str, Any] = {"class_names": NAMES, "steps": args.steps, "batch_size": count}
    with tempfile.TemporaryDirectory() as folder:
        random_pipeline(folder, scale=scale)
        sides = [
            (
                "text to image",
                DiffusersTextToImage(folder, resolution=(side, side), **common),
                {"height": side, "width": side},
            ),
            (
                "image to image",
                DiffusersImageToImage(folder, resolution=(side, side), strength=STRENGTH, **common),
                {"image": twins, "strength": STRENGTH},
            ),
        ]
        for name, generator, arguments in sides:
            generator.load(device)
            assert generator._running is not None
            pipeline = generator._running.pipeline
            hand = by_hand(pipeline, asked, num_inference_steps=args.steps, **arguments)

            def ours(made_by: DiffusersGenerator = generator) -> Any:
                return made_by.generate(asked)

            # The same work: the same pixels come out.
            records = np.stack([np.asarray(record["image"]) for record in ours()])
            assert np.abs(records.astype(int) - hand().astype(int)).max() <= 1
            speeds = interleaved([timed(ours, count), timed(hand, count)], args.repeats)
            middle, low, high = ratio_interval(speeds[:, 0], speeds[:, 1])
            bench.need(f"{name}: plugin / loop by hand", middle, at_least=0.95)
            fast, slow = np.median(speeds, axis=0)
            bench.figures[f"{name}: samples per second"] = float(fast)
            rates = [f"{fast:.2f}", f"{slow:.2f}", f"{middle:.3f}", f"{low:.3f} to {high:.3f}"]
            bench.rows.append([name, scale, device, *rates])
            generator.unload()
    head = ["task", "pipeline", "device", "plugin/s", "by hand/s", "ratio", "95 %"]
    return bench.finish(args, head)


if __name__ == "__main__":
    sys.exit(main())
