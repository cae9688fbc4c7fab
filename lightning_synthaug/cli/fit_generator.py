"""`synthaug fit-generator`: fit a small generator on the user's own data."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

__all__ = ["add_parser", "run"]

_DATA = """\
what to fit on, one of (images):
  a folder        one subfolder of images for each class, all of one size (else see --size)
  a .npz file     arrays `images` (uint8 0..255, or floats in [0, 1]) and `labels` (integers)
  module:name     a function without arguments that returns (images, labels) or a dataset of
                  (image, label) pairs, or such a pair or dataset itself
or with --modality audio (sounds):
  a folder        one subfolder of .wav, .flac, .ogg or .mp3 files for each class, all of one rate
  a .npz file     arrays `sounds` (int16, or floats in [-1, 1]), `labels` and `rate`
  module:name     as above, with (sounds, labels, rate), or a dataset of (waveform, rate, label)
or for lm (texts):
  a folder        one subfolder of .txt files for each class, a text in each
  a .csv file     text and label in each line; or .tsv, .txt with a tab between them, never quoted.
                  A first line with the name `text` names the columns
  a .jsonl file   objects with `text` and `label`, or pairs, a line each
  module:name     as above, with texts for images
"""
_EPILOG = """\
Writes into a new folder, all at once at the end: generator.safetensors, card.json (what it was made from,
counts by class, settings, losses, licence, and what samples are worth), samples.png (samples, and right
of the gap the nearest images fitted on), fitted_on.npy (digests of the images fitted on). For lm the weights
are adapter_model.safetensors with adapter_config.json, and samples and nearest texts are in samples.tsv. Of
sounds samples.png shows pitches over time, and samples-*.wav play the rows of the picture.
An interrupted fit goes on where it stood when the same command is given again.

example: synthaug fit-generator cvae --data digits.npz --out runs/digits --licence CC-BY-4.0
then:    from lightning_synthaug.fitting import load_fitted
         generator = load_fitted("runs/digits")
"""


_KINDS = ("cvae", "cgan", "diffusion", "lm")
_KIND = """\
cvae       variational autoencoder: fits in minutes, never fails, blurs
cgan       adversarial network: sharp; wants some hundred images a class
diffusion  sharp and varied; slow without a GPU; needs the extra "diffusion"
lm         language model for texts: LoRA on top of --model; needs the extras "text" and "lora"
"""
_SETTINGS = (
    *("epochs", "max_minutes", "batch_size", "width", "latent", "learning_rate", "beta", "loss"),
    *("augment", "held_out", "patience", "epsilon", "delta", "clip", "seed", "size", "bands"),
    *("model", "revision", "prompt", "rank", "longest", "dtype"),
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser.

    Args:
        subparsers: What `add_subparsers` returned.
    """
    parser = subparsers.add_parser(
        "fit-generator",
        help="fit a small generator on your own data",
        description="Fit a class-conditional generator of images, sounds or texts on your own data.",
        epilog=_EPILOG,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("kind", choices=list(_KINDS), help=_KIND)
    parser.add_argument("--data", required=True, metavar="WHAT", help=_DATA)
    parser.add_argument(
        "--out", required=True, type=Path, metavar="FOLDER", help="new folder for weights and card"
    )
    parser.add_argument(
        "--modality",
        choices=["image", "audio"],
        default="image",
        help="what the data are, but for lm (default: image)",
    )
    _add_settings(parser)
    _add_language(parser)
    _add_card(parser)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Add what steers the fit; what is not given is None, so that a file or the kind's default decides."""
    add = parser.add_argument
    add("--config", type=Path, metavar="FILE", help="YAML file with any of the settings below")
    add(
        "--size",
        type=int,
        metavar="N",
        help="scale images of any sizes to N x N pixels, the middle of each (default: they have one size)",
    )
    add(
        "--epochs",
        type=int,
        metavar="N",
        help="passes over the data (default: 4,000 steps; cgan: 6,000; lm: 10 passes)",
    )
    add("--max-minutes", type=float, metavar="M", help="stop after M minutes and keep the result")
    add("--batch-size", type=int, metavar="N", help="samples a step (default: 64; lm: 8)")
    add(
        "--width",
        type=int,
        metavar="N",
        help="width of the networks (cvae: 192; cgan, diffusion: 32)",
    )
    add("--latent", type=int, metavar="N", help="size of the latent (cvae: 16; cgan: 64)")
    add("--learning-rate", type=float, metavar="R", help="highest step size")
    add(
        "--beta",
        type=float,
        metavar="B",
        help="cvae: smaller gives more varied, but more malformed samples (default: 0.3)",
    )
    add("--loss", choices=["hinge", "wgan-gp"], help="cgan: loss (default: hinge)")
    add(
        "--augment",
        action=argparse.BooleanOptionalAction,
        help="cgan: change what the critic sees, so that few images do (default: yes)",
    )
    add(
        "--held-out",
        type=float,
        metavar="S",
        help="share of each class not fitted on (default: 0.1)",
    )
    add(
        "--patience",
        type=int,
        metavar="N",
        help="looks at the held-out share without progress before the end (default: 20; lm: 2)",
    )
    add(
        "--epsilon",
        type=float,
        metavar="E",
        help="cvae: fit with differential privacy, spending so much",
    )
    add("--delta", type=float, metavar="D", help="cvae: its delta (default: 1 / (10 images))")
    add(
        "--clip",
        type=float,
        metavar="C",
        help="cvae: its bound of an image's gradient (default: 1)",
    )
    add(
        "--bands",
        type=int,
        metavar="N",
        help="sounds: rows of the pictures that networks see (default: 32)",
    )
    add("--seed", type=int, metavar="N", help="seed of the fit (default: 0)")
    add(
        "--device",
        choices=["auto", "cpu", "cuda"],
        default="auto",
        help="where to fit (default: auto)",
    )
    add("--logs", type=Path, metavar="FOLDER", help="losses and samples for TensorBoard")
    add("--quiet", action="store_true", help="show no progress bar")


def _add_language(parser: argparse.ArgumentParser) -> None:
    """Add what only a language model has."""
    add = parser.add_argument
    add("--model", metavar="MODEL", help="lm: folder, GGUF file or hub id of a causal model")
    add("--revision", metavar="REV", help="lm: commit, tag or branch of a hub id")
    add(
        "--prompt",
        metavar="TEXT",
        help="lm: what it is told, with {label} in it: a .txt file or the words",
    )
    add("--rank", type=int, metavar="N", help="lm: rank of what is added (default: 16)")
    add("--longest", type=int, metavar="N", help="lm: tokens of a text at most (default: 128)")
    add(
        "--dtype",
        choices=["float32", "bfloat16"],
        help="lm: precision of the model (default: float32)",
    )


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
    from lightning_synthaug.fitting import fit_generator
    from lightning_synthaug.fitting.saved import check_out
    from lightning_synthaug.fitting.sound_sources import read_sounds
    from lightning_synthaug.fitting.sources import read_source
    from lightning_synthaug.fitting.text_sources import read_texts

    settings = _settings(args)
    check_out(args.out)
    what = "sounds" if args.modality == "audio" else "images"
    what = "texts" if args.kind == "lm" else what
    if args.kind == "lm":
        source: Any = read_texts(args.data, class_names=args.class_names)
    elif what == "sounds":
        source = read_sounds(args.data, class_names=args.class_names)
        settings["rate"] = source.rate
    else:
        sized = settings.get("size") is not None
        source = read_source(args.data, class_names=args.class_names, sized=sized)
    generator = fit_generator(
        args.kind,
        getattr(source, what),
        source.labels,
        out=args.out,
        device=args.device,
        class_names=source.class_names or args.class_names,
        licence=args.licence,
        source=args.source,
        progress=not args.quiet,
        logs=args.logs,
        **settings,
    )
    count = len(source.labels)
    print(f"Fitted on {count} {what} of {len(generator.labels or ())} classes: {args.out}")
    _print_report(args.out)
    print("Use it:")
    print("    from lightning_synthaug.fitting import load_fitted")
    print(f"    generator = load_fitted({str(args.out)!r})")
    return 0


def _settings(args: argparse.Namespace) -> dict[str, Any]:
    """Take the settings from the file, and over them those that were typed."""
    from lightning_synthaug.trainer.configuration import read_config

    content = {} if args.config is None else read_config(args.config)[1]
    typed = {key: getattr(args, key) for key in _SETTINGS if getattr(args, key) is not None}
    return {**{str(key).replace("-", "_"): value for key, value in content.items()}, **typed}


def _print_report(out: Path) -> None:
    """Say what the samples are worth."""
    from lightning_synthaug.fitting.saved import CARD
    from lightning_synthaug.generators.card import read_card

    card = read_card(out / CARD)
    for name, value in card.get("report", {}).items():
        print(f"    {name.replace('_', ' ')}: {value:.3f}")
    if "privacy" in card:
        print(f"    epsilon spent: {card['privacy']['epsilon']:.2f}")
