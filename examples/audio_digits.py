"""Spoken digits by people who were never heard in training: real, classical, synthetic and mixed training sets.

    PYTHONPATH=plugins/synthaug-speech/src python examples/audio_digits.py --data data/fsdd-4speakers \
        --piper voice.onnx --out results.jsonl
    python examples/audio_digits.py --table results.jsonl

A seed leaves one of the four speakers out for the test and draws its few recordings from the other three. All arms of a
seed share recordings, first weights and number of steps; differences are paired by seed. The configuration is in
spoken/config.py.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from pathlib import Path

import torch
from spoken.config import ARMS, SEEDS, SHOTS
from spoken.data import recordings
from spoken.report import table
from spoken.train import accuracy


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
