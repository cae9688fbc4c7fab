"""`synthaug demo`: train on few real digits with and without synthetic ones, and compare honestly."""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning_synthaug.cli.demo.needs import check_needs
from lightning_synthaug.errors import ConfigError

if TYPE_CHECKING:
    from lightning_synthaug.cli.demo.configuration import Configuration
    from lightning_synthaug.cli.demo.training import ShareCourse
    from lightning_synthaug.cli.demo.words import Story

__all__ = ["PICTURES", "add_parser", "run"]

PICTURES = ("demo.png", "digits.png")
"""Files in `--out`."""

_DESCRIPTION = """\
Train small classifiers on 5 and on 20 real handwritten digits of each class, with and without
digits from a small generator. The generator was fitted on 719 other digits of the same set, very
likely by the same writers; they stand for a partner who shares a generator instead of data. The
test digits were seen by neither, and are of the same set, too.

Six ways of training, each with the same number of steps, repeated over several seeds:
  real digits alone; with classical augmentation; synthetic digits alone; half synthetic;
  a share that ramps from 0 to a half; and, as the upper bound, the partner's digits themselves.
"""
_EPILOG = """\
Prints a table of accuracies and paired differences, says in words what it shows, and writes
demo.png (ratio over time, accuracies) and digits.png (real and generated digits) into --out.
Each run is an ordinary Lightning training with the SynthAug callback.
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser.

    Args:
        subparsers: What `add_subparsers` returned.
    """
    parser = subparsers.add_parser(
        "demo",
        help="compare training with and without synthetic digits",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--out",
        type=Path,
        default=Path("synthaug-demo"),
        metavar="FOLDER",
        help="where the pictures go (default: ./synthaug-demo)",
    )
    add(
        "--cache",
        type=Path,
        metavar="FOLDER",
        help="where generated digits are kept (default: a folder in --out)",
    )
    add("--seeds", type=int, metavar="N", help="repetitions, 2 to 30 (default: 5)")
    add("--json", type=Path, metavar="FILE", help="also write settings and numbers to this file")
    add(
        "--quick",
        action="store_true",
        help="a few seconds to see that everything runs; its numbers mean nothing",
    )


def run(args: argparse.Namespace) -> int:
    """Train, compare, draw.

    Args:
        args: The options above.

    Returns:
        0.

    Raises:
        MissingDependency: A library is not installed (SA802).
        ConfigError: An option does not fit (SA806).
    """
    began = time.perf_counter()
    check_needs()
    # Else albumentations asks the network for a newer version of itself.
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    from lightning_synthaug.cli.demo.words import render_table

    config = _configuration(args)
    _check_places(args)
    print(_announce(config))
    story, course = _train(config, args)
    print(f"\n{render_table(story.rows)}\n")
    if args.quick:
        print("A quick look: these numbers mean nothing, everything ran.")
    else:
        print("\n\n".join(story.paragraphs()))
    seconds = time.perf_counter() - began
    if args.json is not None:
        args.json.write_text(json.dumps(_to_json(config, story, seconds), indent=2) + "\n")
    _draw(story, course, args.out)
    print(
        f"\n{seconds:.0f} seconds. Pictures: {', '.join(str(args.out / name) for name in PICTURES)}"
    )
    return 0


def _configuration(args: argparse.Namespace) -> Configuration:
    """Make the settings: fixed ones, but for the number of seeds."""
    from dataclasses import replace

    from lightning_synthaug.cli.demo.configuration import Configuration
    from lightning_synthaug.cli.demo.results import MAX_SEEDS

    config = Configuration().quick() if args.quick else Configuration()
    if args.seeds is None:
        return config
    if not 2 <= args.seeds <= MAX_SEEDS:
        raise ConfigError(
            "SA806",
            f"`--seeds` must lie in 2 to {MAX_SEEDS}, got {args.seeds}. Leave it out for {config.seeds}.",
        )
    return replace(config, seeds=args.seeds)


def _check_places(args: argparse.Namespace) -> None:
    """Make sure that results can be written, before the training: by writing."""
    places = [("--out", args.out / name) for name in PICTURES]
    places.append(("--cache", (args.cache or args.out / "cache") / "probe"))
    if args.json is not None:
        places.append(("--json", args.json))
    for option, file in places:
        try:
            _probe(file)
        except OSError as error:
            raise ConfigError(
                "SA806",
                f"`{option}` must name a place that can be written to, got {str(file)!r} "
                f"({error.strerror}). Choose another place.",
            ) from error


def _probe(file: Path) -> None:
    """Open a file for writing, and leave it as it was: permissions do not tell of folders in its place."""
    file.parent.mkdir(parents=True, exist_ok=True)
    there = file.exists()
    with file.open("ab"):
        pass
    if not there:
        file.unlink()


def _announce(config: Configuration) -> str:
    """Say what is coming."""
    from lightning_synthaug.assets import digits_split
    from lightning_synthaug.cli.demo.configuration import ARMS

    split = digits_split()
    runs = len(ARMS) * len(config.sizes) * config.seeds
    sizes = " and ".join(str(size) for size in config.sizes)
    return (
        f"{runs} training runs of {config.steps} steps: {len(ARMS)} arms, {sizes} real digits of each class, "
        f"{config.seeds} seeds.\nTested on {len(split.test)} digits that nothing else sees."
    )


def _train(config: Configuration, args: argparse.Namespace) -> tuple[Story, ShareCourse]:
    """Run everything; return what it shows, and the share over the first run of the ramp."""
    from lightning_synthaug.assets import digits_split
    from lightning_synthaug.cli.demo.configuration import ARMS, BASELINE
    from lightning_synthaug.cli.demo.experiment import run_all
    from lightning_synthaug.cli.demo.words import Story

    runs, courses = run_all(config, args.cache or args.out / "cache")
    synthetic, constant, ramp, bound = (arm.name for arm in ARMS[-4:])
    story = Story(
        runs,
        baseline=BASELINE.name,
        synthetic=synthetic,
        mixed=[constant, ramp],
        bound=bound,
        fitted_on=len(digits_split().partner),
    )
    return story, courses[ramp]


def _draw(story: Story, course: ShareCourse, out: Path) -> None:
    """Draw the pictures."""
    from lightning_synthaug.assets import digits_split
    from lightning_synthaug.cli.demo import pictures

    demo, digits = (out / name for name in PICTURES)
    pictures.draw_demo(
        demo, course=course, arm=story.mixed[-1], runs=story.runs, baseline=story.baseline
    )
    pictures.draw_digits(digits, real=digits_split().train_pool, made=pictures.generated(4, seed=0))


def _to_json(config: Configuration, story: Story, seconds: float) -> dict[str, Any]:
    """Collect settings and numbers as plain values."""
    import platform
    from importlib import metadata

    from lightning_synthaug.cli.demo.configuration import ARMS
    from lightning_synthaug.cli.demo.needs import NEEDS

    names = ["torch", "numpy", *NEEDS.values()]
    return {
        "configuration": asdict(config),
        "arms": {arm.name: repr(arm) for arm in ARMS},
        "rows": [
            {
                "size": row.size,
                "arm": row.arm,
                "accuracy": row.accuracy._asdict(),
                "difference": None if row.difference is None else row.difference._asdict(),
                "seconds": row.seconds,
            }
            for row in story.rows
        ],
        "runs": [single._asdict() for single in story.runs],
        "words": story.paragraphs(),
        "seconds": seconds,
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in names},
    }
