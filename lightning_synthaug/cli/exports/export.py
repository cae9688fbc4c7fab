"""Write the samples of a store into a new folder, which appears under its name when it is whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from lightning_synthaug.cli.exports.account import Account
from lightning_synthaug.cli.exports.card import write_card
from lightning_synthaug.cli.exports.croissant import library, write_croissant
from lightning_synthaug.cli.exports.folders import write_folders
from lightning_synthaug.cli.exports.forms import Outgoing, outgoing
from lightning_synthaug.cli.exports.parquet import write_parquet
from lightning_synthaug.cli.exports.webdataset import write_webdataset
from lightning_synthaug.cli.marking import Signing
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.store import Store

__all__ = ["FORMATS", "Exported", "export"]

FORMATS: Final[Mapping[str, Callable[[Path, Iterator[Outgoing]], int]]] = {
    "folders": write_folders,
    "webdataset": write_webdataset,
    "parquet": write_parquet,
}


class Exported(NamedTuple):
    """What an export did.

    Attributes:
        samples: Samples written.
        damaged: Samples that were missing or damaged, and left out.
        signed: Files that carry a signed manifest.
    """

    samples: int
    damaged: int
    signed: int = 0


def export(
    store: Store,
    out: Path,
    *,
    to: str,
    signing: Signing | None = None,
    progress: Callable[[int], object] | None = None,
) -> Exported:
    """Write all samples of a store, marked as synthetic.

    Images and sound carry the mark; `croissant.json` and `README.md` describe the whole.

    Args:
        store: The store.
        out: Folder to make; an empty one may be there.
        to: One of `FORMATS`.
        signing: Puts a signed manifest into each image and sound; None: there is none.
        progress: Called with 1 for each sample.

    Returns:
        How many were written.

    Raises:
        ConfigError: There is something in the folder, or it cannot be written; nothing is left (SA809).
            Signing failed (SA817).
        MissingDependency: A library that the format or its description needs is not installed (SA808).
    """
    library()  # before hours of writing
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise _unusable(out, "something in it")
    account = Account()

    def samples() -> Iterator[Outgoing]:
        for sample in store.samples():
            record = store.reader.read(sample.shard, sample.row)
            if progress is not None:
                progress(1)
            if record is None:
                account.damaged += 1
            else:
                yield outgoing(sample, record, signing)

    part = out.absolute().with_name(f"{out.absolute().name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        count = FORMATS[to](part, account.passing(samples(), signed=signing is not None))
        write_croissant(part, name=out.absolute().name, to=to, account=account)
        write_card(part, name=out.absolute().name, account=account)
        part.replace(out)
    except OSError as error:
        raise _unusable(out, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Exported(count, account.damaged, account.signed)


def _unusable(out: Path, cause: object) -> ConfigError:
    """Build the error about a destination that cannot be used."""
    return ConfigError(
        "SA809",
        f"`out` must be a new or an empty folder on a disk with room, got {str(out)!r}: {cause}. Choose another "
        "folder.",
    )
