"""Size and speed of the ways in which a cache keeps images: bytes a sample, samples a second written and read.

Digits of 28 x 28 and cells of 32 x 32 pixels are real ones from the folder of data sets; those of 224 x 224 are cut
from the two photographs that scikit-learn brings along. Bytes are those of shards and logs, checksums and provenance
included. Reading is what a worker of a loader does: batches of 64 at random places, checked before, from memory. Speeds
are by processor time of one core: what else the machine does does not count, nor does waiting for the disk.

Targets: what loses nothing comes back as it was, and each codec takes less than raw for digits and photographs.

    python benchmarks/codecs.py --data DIR --check
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from harness import Benchmark
from mnist import mnist
from sklearn.datasets import load_sample_images

import lightning_synthaug as sa
from lightning_synthaug.store import NewSample, Store

CODECS = ("raw", "png", "webp", "webp:90", "jpeg:90")
BATCH = 64


def kinds(data: Path) -> Iterator[tuple[str, Any]]:
    """Read real images of three sizes."""
    yield "28x28 grey", mnist(data)[0][:2000]
    with np.load(data / "bccd-cells32" / "bccd_crops32.npz", allow_pickle=False) as cells:
        yield "32x32 colour", cells["images"][:2000]
    rng, photos = np.random.default_rng(0), load_sample_images().images
    cuts = [(i % 2, int(rng.integers(203)), int(rng.integers(416))) for i in range(192)]
    yield "224x224 photo", np.stack([photos[n][a : a + 224, b : b + 224] for n, a, b in cuts])


def measured(images: Any, codec: str, seconds: float) -> tuple[float, float, float, bool]:
    """Return bytes a sample, samples a second written and read, and whether they came back as they were."""
    records = [sa.Record({"image": image, "label": 0}) for image in images]
    keys = [i.to_bytes(16, "big") for i in range(len(records))]
    with tempfile.TemporaryDirectory() as folder, Store.open(folder, codec=codec) as store:
        began = time.process_time()
        for i in range(0, len(records), BATCH):
            pairs = zip(keys[i : i + BATCH], records[i : i + BATCH], strict=True)
            store.put([NewSample(k, r, {"generator": "photos"}) for k, r in pairs])
        written = len(records) / (time.process_time() - began)
        places, read = store.resolve(keys), store.reader
        same = [read.read(*place) for place in places.tolist()] == records
        rng, count, began = np.random.default_rng(0), 0, time.process_time()
        while time.process_time() - began < seconds:
            some = places[rng.integers(len(records), size=BATCH)]
            count += int(read.gather(some[:, 0], some[:, 1]).ok.sum())
        return store.used() / len(records), written, count / (time.process_time() - began), same


def main() -> int:
    """Run the benchmark."""
    bench = Benchmark("codecs", __doc__ or "")
    parser = bench.parser()
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--seconds", type=float, default=3.0, help="time of reading, each")
    args = parser.parse_args()
    for kind, images in kinds(args.data):
        raw = 0.0
        for codec in CODECS:
            size, written, read, same = measured(images, codec, args.seconds)
            raw = raw or size
            cells = [f"{size:,.0f}", f"{size / raw:.2f}", f"{written:,.0f}", f"{read:,.0f}"]
            bench.rows.append([kind, codec, *cells])
            if ":" not in codec:
                bench.need(f"{kind} {codec} comes back", float(same), at_least=1.0)
            if codec != "raw" and not kind.startswith("32"):
                bench.need(f"{kind} {codec} of raw", size / raw, at_most=1.0)
    return bench.finish(args, ["images", "codec", "bytes", "of raw", "written/s", "read/s"])


if __name__ == "__main__":
    sys.exit(main())
