"""Few real digits with each pretrained generator: runs `examples/images_fewshot.py`, writes `docs/results/images.md`.

Single runs lie beside the page in `images.json` as soon as they are done; what is there is not run again. Without
`--data` only the page is written.

    python benchmarks/studies/images.py --data DIR
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "examples"))

from fewshot.results import NONE, Results  # noqa: E402
from images_fewshot import UNGATED  # noqa: E402
from wording import HEADER, in_points, line, verdicts  # noqa: E402

from lightning_synthaug.cli.demo.configuration import ARMS, BASELINE  # noqa: E402
from lightning_synthaug.cli.demo.results import Row, compare  # noqa: E402

PAGE = ROOT / "docs" / "results" / "images.md"
RESULTS = PAGE.with_suffix(".json")
FOLDERS = {
    "gen-mnist-flowvit-sofia": ["flow"],
    "gen-mnist-cgan-barry": ["cgan"],
    "gen-mnist-cvae-handwriter": ["cvae"],
    "gen-mnist-vae-gan-csinva": ["vae", "collapsed gan"],
    "gen-mnist-ddpm-yichizz": ["ddpm"],
}
#: Named before any result: by its folder's README 99 % of its samples show what was asked.
BEST = "flow"
MIXED = [arm.name for arm in ARMS[3:5]]
_ALONE = {arm.name for arm in ARMS[:2]}

HEAD = """\
# Few real digits and pretrained generators

<!-- written by benchmarks/studies/images.py; single runs are in images.json -->

Does a generator that somebody else trained help where there are 5 or 20 real images of a class? Each of the
[worked examples](../how-to/use-pretrained-weights.md) is used as a user would: the callback in front of a small
network, gates on, the arms of `synthaug demo`.

* **Real digits**: drawn by seed from the first 2,500 of MNIST's test set. **Test**: the next 2,500, the same for all,
  used for nothing else.
* **Same for all arms**: network, 300 steps of 40 digits, first weights of a seed. Settings were chosen for
  *real + classical*, on digits of the pool, before any synthetic digit was served. Arms and configuration were
  committed before the first result.
* **Gates**: `LabelConsistency`, `FidelityBand` and `NearDuplicate` as they are by default, fitted on the few real
  digits.
* **Labels of unconditional generators** (`vae`, `collapsed gan`, `ddpm`) come from a classifier that is fitted on the
  same few real digits, and sees nothing else.
* **Intervals**: 95 %, of differences paired over the seeds, each with other real digits, another run seed and another
  generation seed. They do not cover other test digits. Among many comparisons a few look clear by chance.
* **What they learnt from**: the generators saw up to 60,000 real digits, and what they bring comes from those. It is
  the case of somebody who shares a generator instead of data. That their authors kept to MNIST's training set is
  usual; nothing here proves it.

"""
GATES = f"""\
## What gates are worth

*{MIXED[0]}* with gates against the same without: an arm that was added when the results above were
known, to see what gates add to a generator that is good without them, and to one that is not.

| generator | real digits a class | difference by gates, points | 95 % interval |
|---|---|---|---|
"""
SKETCHES = """\
`gen-quickdraw-cvae-ml5` makes sketches of 50 things and no digits: mixing it with digits is refused
([SA117](../errors/SA117.md)), since the names of the classes differ. There are no labelled sketches here to study it
with.

"""


def study(data: Path, cache: Path) -> None:
    """Run what is missing."""
    for folder in FOLDERS:
        script = str(ROOT / "examples" / "images_fewshot.py")
        options = {
            "--data": data / "mnist-t10k-first5000",
            "--generator": data / folder,
            "--results": RESULTS,
            "--cache": cache,
        }
        words = [str(word) for pair in options.items() for word in pair]
        subprocess.run([sys.executable, script, *words], check=True)


def page(results: Results) -> str:
    """Write the page of what was run so far."""
    every = [NONE, *(name for names in FOLDERS.values() for name in names)]
    tables = {name: results.table(name, BASELINE.name) for name in every}
    run = {name: rows for name, rows in tables.items() if {row.arm for row in rows} - _ALONE}
    text = [HEAD, _target(tables[BEST])]
    if missing := [name for name in every[1:] if name not in run]:
        text.append(f"Not run yet: {', '.join(missing)}.\n\n")
    tables = {NONE: tables[NONE], **run}
    for size in sorted({row.size for row in tables[NONE]}):
        text.append(f"## {size} real digits a class\n\n")
        text.append(HEADER)
        for name, rows in tables.items():
            shown = "-" if name == NONE else name
            text += [
                line(results.values, name, row, shown=shown)
                for row in rows
                if row.size == size and (name == NONE) == (row.arm in _ALONE)
            ]
        text.append(f"\n{_words(size, tables)}\n")
    text.append(_worth(results, [name for name in tables if name != NONE]))
    return "".join([*text, "## Sketches\n\n", SKETCHES]).rstrip() + "\n"


def _words(size: int, tables: dict[str, list[Row]]) -> str:
    """Say which generators help, which do not, and which do harm."""
    said = [
        f"* `{name}`: {verdicts([row for row in rows if row.size == size], MIXED)}\n"
        for name, rows in tables.items()
        if name != NONE
    ]
    return f"Mixed, against real + classical (points; *unclear*: the interval holds zero):\n\n{''.join(said)}"


def _worth(results: Results, names: list[str]) -> str:
    """Say what gates change for each generator."""
    lines, unclear = [], 0
    for name in names:
        runs = [run for run in results.runs(name) if run.arm in (MIXED[0], UNGATED.name)]
        seeds = Counter((run.size, run.seed) for run in runs)
        both = [run for run in runs if seeds[run.size, run.seed] == 2]
        for size, count in sorted(Counter(run.size for run in both).items()):
            if count > 2:  # several seeds with gates, and without
                d = compare(both, size, MIXED[0], UNGATED.name)
                lines.append(f"| {name} | {size} | {100 * d.mean:+.1f} | {in_points(d)} |\n")
                unclear += d.verdict == "unclear"
    return f"{GATES}{''.join(lines)}\n{unclear} of {len(lines)} intervals hold zero.\n\n"


def _target(rows: list[Row]) -> str:
    """Hold the best generator against the target."""
    parts = []
    for row in rows:
        if row.size == 5 and row.arm in MIXED and row.difference is not None:
            met = row.difference.mean >= 0.03 and row.difference.low > 0
            parts.append(
                f"{row.arm}: {100 * row.difference.mean:+.1f} points ({in_points(row.difference)}), "
                f"{'met' if met else 'missed'}"
            )
    return (
        f"**Target**: with the best generator (`{BEST}`, named beforehand) the mix beats real + classical at 5 a "
        f"class by at\nleast 3 points, interval above zero.\n\n{''.join(f'* {part}.{chr(10)}' for part in parts)}\n"
    )


def main() -> None:
    """Run, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of the data sets and generators")
    parser.add_argument("--cache", type=Path, default=Path("cache"), help="generated digits")
    args = parser.parse_args()
    RESULTS.parent.mkdir(exist_ok=True)
    if args.data:
        study(args.data, args.cache)
    PAGE.write_text(page(Results(RESULTS)), "utf-8")


if __name__ == "__main__":
    main()
