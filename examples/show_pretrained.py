"""Samples of a pretrained generator as a picture, a row for each class: is it loaded as it was trained?

python show_pretrained.py --generator data/gen-quickdraw-cvae-ml5 --out sketches.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from pretrained import load

from lightning_synthaug.generators import Request, request_seed

COLUMNS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generator", type=Path, required=True, help="folder of the weights")
    parser.add_argument("--out", type=Path, default=Path("samples.png"), help="the picture")
    args = parser.parse_args()
    strips = []
    for name, generator in load(args.generator).items():
        labels = sorted(generator.labels or [None])
        rows = labels if generator.labels else labels * 4
        requests = [
            Request(label, n, seed=request_seed(0, label=label, number=n))
            for row, label in enumerate(rows)
            for n in range(row * COLUMNS, (row + 1) * COLUMNS)
        ]
        generator.load("cpu")
        images = np.stack([record["image"] for record in generator.generate(requests)])
        generator.unload()
        print(f"{name}: {len(images)} images of {images.shape[1:]}, mean {images.mean():.0f}")
        height, width = images.shape[1:]
        grid = images.reshape(len(rows), COLUMNS, height, width).swapaxes(1, 2)
        strips.append(grid.reshape(-1, COLUMNS * width))
    Image.fromarray(np.concatenate(strips)).save(args.out)


if __name__ == "__main__":
    main()
