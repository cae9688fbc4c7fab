"""All benchmarks of speed, one step after the other, each in a process of its own; then tables and plots for the docs.

Each step leaves a JSON file. A run that was stopped goes on after the last one; `--again` begins anew. `--quick` makes
every step short: it shows that all of it runs, and its figures are not for the docs, which it leaves alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from report import write_report

HERE = Path(__file__).parent
WORKLOADS = ("arrays", "jpeg", "text", "audio")


class Step(NamedTuple):
    """One process.

    Attributes:
        name: Name of its JSON file.
        arguments: Program and options.
        quick: What makes it short.
    """

    name: str
    arguments: tuple[str, ...]
    quick: tuple[str, ...]


def steps() -> list[Step]:
    """List what there is to do."""
    found = [
        Step("store", ("store.py",), ("--quick",)),
        Step("plan", ("plan.py",), ()),
        Step("scale", ("scale.py", "--keep"), ("--records", "100000", "--repeats", "3")),
        Step("transforms", ("transforms.py",), ("--quick",)),
    ]
    for program, names, quick in (
        ("mixing", ("arrays", "tensors", *WORKLOADS[1:]), ("--repeats", "1", "--rounds", "2")),
        ("loaders", WORKLOADS, ("--repeats", "1")),
    ):
        for name in names:
            for workers in (0, 2):
                options = ("--workload", name, "--workers", str(workers), "--keep")
                found.append(
                    Step(f"{program}-{name}-{workers}", (f"{program}.py", *options), quick)
                )
    return found


def main() -> int:
    """Run what is not done yet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--folder", type=Path, default=Path("build/bench"), help="results and files"
    )
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="only steps with TEXT in the name"
    )
    parser.add_argument("--again", action="store_true", help="do steps again that are done")
    parser.add_argument("--quick", action="store_true", help="make all steps short")
    parser.add_argument("--docs", type=Path, help="write the page to this file (default: docs/)")
    parser.add_argument("--check", action="store_true", help="exit with status 1 on a miss")
    args = parser.parse_args()
    results = args.folder / ("quick" if args.quick else "full")
    results.mkdir(parents=True, exist_ok=True)
    chosen = [step for step in steps() if args.only in step.name]
    began = time.monotonic()
    failed = []
    for number, step in enumerate(chosen, start=1):
        file = results / f"{step.name}.json"
        minutes = (time.monotonic() - began) / 60
        print(f"[{number}/{len(chosen)}, {minutes:.1f} min] {step.name}", flush=True)
        if file.exists() and not args.again:
            continue
        files = str(args.folder / "files") if "--keep" in step.arguments else None
        program, *options = (a for a in step.arguments if a != "--keep")
        command = [sys.executable, str(HERE / program), *options, "--json", str(file)]
        command += (step.quick if args.quick else ()) + (("--folder", files) if files else ())
        if subprocess.run(command, check=False).returncode:
            failed.append(step.name)
    told = {
        path.stem: json.loads(path.read_text("utf-8")) for path in sorted(results.glob("*.json"))
    }
    targets = [(name, target) for name, one in told.items() for target in one["targets"]]
    missed = [(name, t) for name, t in targets if not t["met"]]
    print(f"{len(targets) - len(missed)} of {len(targets)} targets are met")
    for name, target in missed:
        sign = ">=" if target["at_least"] else "<="
        print(f"MISS {name}: {target['name']}: {target['value']:.3f} {sign} {target['bound']}")
    if failed:
        print(f"did not run: {', '.join(failed)}")
    page = args.docs or (None if args.quick else HERE.parent / "docs" / "performance.md")
    if page is not None:
        write_report(told, page)
    return 1 if failed or (args.check and missed) else 0


if __name__ == "__main__":
    sys.exit(main())
