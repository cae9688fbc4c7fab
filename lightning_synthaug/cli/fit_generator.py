"""`synthaug fit-generator`: fit a small generator on the user's own data."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_parser", "run"]

_DATA = """\
what to fit on, one of:
  a folder        one subfolder of images for each class, all of one size
  a .npz file     arrays `images` (uint8 0..255, or floats in [0, 1]) and `labels` (integers)
  module:name     a function without arguments that returns (images, labels) or a dataset of
                  (image, label) pairs, or such a pair or dataset itself
"""
_EPILOG = """\
Writes generator.safetensors and card.json (what it was made from, counts by class, settings, losses,
licence) into a new folder, all at once at the end: an interrupted fit leaves nothing behind.

example: synthaug fit-generator cvae --data digits.npz --out runs/digits --licence CC-BY-4.0
then:    from lightning_synthaug.fitting import load_fitted
         generator = load_fitted("runs/digits")
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser.

    Args:
        subparsers: What `add_subparsers` returned.
    """
    parser = subparsers.add_parser(
        "fit-generator",
        help="fit a small generator on your own data",
        description="Fit a class-conditional generator of images on your own data.",
        epilog=_EPILOG,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument(
        "kind", choices=["cvae"], help="cvae: class-conditional variational autoencoder"
    )
    parser.add_argument("--data", required=True, metavar="WHAT", help=_DATA)
    parser.add_argument(
        "--out", required=True, type=Path, metavar="FOLDER", help="new folder for weights and card"
    )
    _add_settings(parser)
    _add_card(parser)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Add what steers the fit."""
    add = parser.add_argument
    add("--epochs", type=int, metavar="N", help="passes over the data (default: about 4,000 steps)")
    add("--max-minutes", type=float, metavar="M", help="stop after M minutes and keep the result")
    add("--latent", type=int, default=8, metavar="N", help="size of the latent (default: 8)")
    add(
        "--beta",
        type=float,
        default=0.3,
        metavar="B",
        help="smaller: more varied, but more malformed samples (default: 0.3)",
    )
    add("--seed", type=int, default=0, metavar="N", help="seed of the fit (default: 0)")
    add(
        "--device",
        choices=["auto", "cpu", "cuda"],
        default="auto",
        help="where to fit (default: auto)",
    )
    add("--quiet", action="store_true", help="show no progress bar")


def _add_card(parser: argparse.ArgumentParser) -> None:
    """Add what only goes onto the card, and the choice of classes."""
    add = parser.add_argument
    add(
        "--classes",
        dest="class_names",
        nargs="+",
        metavar="NAME",
        help="class names: for a folder, its subfolders in the order of the labels 0, 1, ...\n"
        "(others are left out); else names of the labels, ascending, for the card",
    )
    add("--licence", metavar="ID", help="licence of the data, for the card, for example CC-BY-4.0")
    add("--source", metavar="TEXT", help="where the data come from, for the card")


def run(args: argparse.Namespace) -> int:
    """Fit and save.

    Args:
        args: The options above.

    Returns:
        0.

    Raises:
        SynthAugError: The data, a setting or the output folder is wrong; nothing is written.
    """
    from lightning_synthaug.fitting import fit_cvae
    from lightning_synthaug.fitting.saved import check_out
    from lightning_synthaug.fitting.sources import read_source

    check_out(args.out)
    source = read_source(args.data, class_names=args.class_names)
    names = source.class_names or args.class_names
    generator = fit_cvae(
        source.images,
        source.labels,
        out=args.out,
        epochs=args.epochs,
        max_minutes=args.max_minutes,
        latent=args.latent,
        beta=args.beta,
        seed=args.seed,
        device=args.device,
        class_names=names,
        licence=args.licence,
        source=args.source,
        progress=not args.quiet,
    )
    count = len(source.labels)
    print(f"Fitted on {count} images of {len(generator.labels or ())} classes: {args.out}")
    print("Use it:")
    print("    from lightning_synthaug.fitting import load_fitted")
    print(f"    generator = load_fitted({str(args.out)!r})")
    return 0
