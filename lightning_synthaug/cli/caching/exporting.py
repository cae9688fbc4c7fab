"""`synthaug cache export`: samples as files that other programs read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lightning_synthaug.cli._words import many
from lightning_synthaug.cli.caching.folder import add_folder, opened, progress
from lightning_synthaug.errors import ConfigError

if TYPE_CHECKING:
    from lightning_synthaug.cli.marking import Signing

__all__ = ["add_parsers", "export"]

_FORMATS = ("folders", "webdataset", "parquet")  # as in `exports.FORMATS`, which is dear to import


def add_parsers(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the parser of this command.

    Args:
        subparsers: What `add_subparsers` returned.
    """
    parser = subparsers.add_parser(
        "export",
        help="write all samples as folders of images, WebDataset tars or Parquet",
        description="Write all samples, with the provenance of each, into a new folder. Images and sound say of "
        "themselves that they are synthetic; croissant.json and README.md describe the whole.",
    )
    add_folder(parser)
    parser.add_argument("--to", required=True, choices=_FORMATS, help="what to write")
    parser.add_argument("--out", required=True, type=Path, metavar="DEST", help="folder to make")
    signing = parser.add_argument_group("signed manifests (C2PA) in images and sound")
    add = signing.add_argument
    add("--c2pa-certificate", type=Path, metavar="PEM", help="chain of certificates, yours first")
    add("--c2pa-key", type=Path, metavar="PEM", help="its private key, without a password")
    add("--c2pa-timestamp", metavar="URL", help="time-stamping authority (default: no stamp)")
    parser.set_defaults(act=export)


def export(args: argparse.Namespace) -> int:
    """Write all samples.

    Args:
        args: `folder`, `to`, `out`, `c2pa_certificate`, `c2pa_key` and `c2pa_timestamp`.

    Returns:
        1 when samples were damaged and left out, else 0.

    Raises:
        ConfigError: Some of the options for signing are there and others are not (SA815).
    """
    from lightning_synthaug.cli import exports

    signing = _signing(args.c2pa_certificate, args.c2pa_key, args.c2pa_timestamp)
    out = args.out.expanduser()
    with opened(args.folder) as store, progress(store.stats().samples, "sample") as advance:
        done = exports.export(store, out, to=args.to, signing=signing, progress=advance)
    print(f"{many(done.samples, 'sample')} in {args.out}.")
    if signing is not None:
        print(f"{many(done.signed, 'file')} signed.")
    if done.damaged:
        print(f"{many(done.damaged, 'damaged sample')} left out.")
    return int(done.damaged > 0)


def _signing(certificate: Path | None, key: Path | None, timestamp: str | None) -> Signing | None:
    """Prepare to sign, if that was asked for."""
    from lightning_synthaug.cli.marking import Signing

    if certificate is None and key is None and timestamp is None:
        return None
    if certificate is None or key is None:
        given = {"certificate": certificate, "key": key, "timestamp": timestamp}
        got = " and ".join(f"the {name}" for name, value in given.items() if value is not None)
        raise ConfigError(
            "SA815",
            f"Signing needs both `c2pa_certificate` and `c2pa_key`, got only {got}. Name the other file, or none.",
        )
    return Signing(certificate.expanduser(), key.expanduser(), timestamp=timestamp)
