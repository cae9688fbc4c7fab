"""Few real texts: real, edited, back-translated, paraphrased, written and mixed training sets.

    python examples/text_lowdata.py --sentiment data/sentiment-sentences --banking data/banking77 \
        --clinc data/clinc150-imbalanced --model SmolLM2-135M-Instruct --encoder all-MiniLM-L6-v2 --out results.jsonl
    python examples/text_lowdata.py --table results.jsonl

All arms of a seed share classes, real texts, first weights and number of steps; differences are paired by seed. The
configuration is in lowdata/config.py. Runs that are in the file of results are not made again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from pathlib import Path

import torch
from lowdata.config import ARMS, LEARNERS, SEEDS, SETS, SIZES
from lowdata.data import read, task
from lowdata.report import table
from lowdata.train import accuracy, embedded


def main() -> None:
    """Run what is missing in the file of results, or print its table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in SETS:
        parser.add_argument(f"--{name}", type=Path, help=f"folder of the set {name!r}")
    parser.add_argument("--model", type=Path, help="language model: a folder or a GGUF file")
    parser.add_argument("--encoder", type=Path, help="sentence encoder: a folder")
    parser.add_argument("--out", type=Path, default=Path("text_lowdata.jsonl"), help="results")
    parser.add_argument("--cache", type=Path, default=Path("text_lowdata_cache"), help="samples")
    parser.add_argument("--table", type=Path, metavar="FILE", help="print the table and stop")
    parser.add_argument(
        "--tried", action="store_true", help="on what the configuration was tried on"
    )
    args = parser.parse_args()
    if args.table:
        print(table(args.table))
        return
    torch.set_num_threads(1)
    lines = args.out.read_text("utf-8").splitlines() if args.out.exists() else []
    keys = ("set", "size", "learner", "arm", "seed")
    done = {tuple(run[key] for key in keys) for run in map(json.loads, lines)}
    folders = {name: vars(args)[name] for name in SETS if vars(args)[name]}
    data = {name: read(name, folder, tried=args.tried) for name, folder in folders.items()}
    # Arm by arm: those without a language model are there after minutes.
    for size, arm, seed, name in itertools.product(SIZES, ARMS, range(SEEDS), data):
        drawn = task(data[name], embedded(args.encoder).encoder, size=size, seed=seed)
        for learner in LEARNERS:
            run = dict(zip(keys, (name, size, learner, arm, seed), strict=True))
            if tuple(run.values()) in done:
                continue
            began = time.process_time()
            run["accuracy"] = accuracy(drawn, arm, learner, seed, args)
            print(f"{run}  {time.process_time() - began:.0f} s", flush=True)
            with args.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(run) + "\n")


if __name__ == "__main__":
    main()
