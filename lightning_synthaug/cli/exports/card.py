"""README.md: an export as people read of it, with the front matter that Hugging Face reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lightning_synthaug.cli._words import many
from lightning_synthaug.cli.exports.account import Account, Maker
from lightning_synthaug.cli.exports.forms import MARKED
from lightning_synthaug.cli.exports.licences import hub_name
from lightning_synthaug.cli.exports.rai import MOST
from lightning_synthaug.cli.marking import text_of, tool

__all__ = ["size_category", "write_card"]

_LABELS: Final = 100  # rows of the table
_CAUTION: Final = (
    "A label is what was asked of a generator; a sample may show something else. Whether samples give back parts "
    "of the data that their generators were fitted on, and which biases they carry, was not looked at here."
)
_STEPS: Final = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")


def write_card(folder: Path, *, name: str, account: Account) -> None:
    """Write `README.md` into an export.

    Args:
        folder: The export, all its samples written.
        name: Name of the dataset.
        account: What is known of its samples.
    """
    title = text_of(name) or "Synthetic samples"
    parts = [
        _front(folder, title, account),
        f"# {_plain(title)}",
        _summary(account),
        *_makers(account),
        *_labels(account),
        *_left_out(account),
        *_marks(account),
        "## Before you rely on it",
        _CAUTION,
    ]
    (folder / "README.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def size_category(samples: int) -> str:
    """Name the size of a dataset as Hugging Face does.

    Args:
        samples: How many there are.

    Returns:
        One of its categories.

    Example:
        >>> size_category(14), size_category(14_000), size_category(10**12)
        ('n<1K', '10K<n<100K', 'n>1T')
    """
    step = next((i for i in range(len(_STEPS)) if samples < 10 ** (i + 3)), len(_STEPS))
    if step == 0:
        return "n<1K"
    return "n>1T" if step == len(_STEPS) else f"{_STEPS[step - 1]}<n<{_STEPS[step]}"


def _front(folder: Path, title: str, account: Account) -> str:
    """Write what programs read before the text. A text in JSON is a text in YAML, too."""
    licences = account.licences()
    names = sorted({hub_name(licence) for licence in licences})
    if account.unlicensed() or not names:
        names.append("unknown")
    lines = [f"pretty_name: {json.dumps(title, ensure_ascii=False)}"]
    lines.append(f"license: {json.dumps(names[0] if len(names) == 1 else names)}")
    if names == ["other"]:
        lines.append(f"license_name: {json.dumps(' and '.join(licences), ensure_ascii=False)}")
    lines += ["tags:", "- synthetic", "- lightning_synthaug"]
    lines += ["size_categories:", f"- {json.dumps(size_category(account.samples))}"]
    tables = sorted(path.name for path in folder.glob("*.parquet"))
    if tables:
        lines.append("configs:")
    for table in tables:
        lines += [f"- config_name: {table.removesuffix('.parquet')}", f"  data_files: {table}"]
    return "\n".join(["---", *lines, "---"])


def _summary(account: Account) -> str:
    """Say in a sentence what there is."""
    samples, makers = many(account.samples, "synthetic sample"), len(account.makers)
    return (
        f"{samples}, made by {many(makers, 'generator')} and exported with {tool()}. `croissant.json` says to programs "
        "what stands here."
    )


def _makers(account: Account) -> Iterator[str]:
    """List the generators."""
    yield "## What made them"
    rows = [_maker(maker, count) for maker, count in account.makers.most_common(MOST)]
    if not rows:
        yield "Nothing: there are no samples."
        return
    yield "\n".join(rows)
    if len(account.makers) > MOST:
        yield f"And {many(len(account.makers) - MOST, 'generator')} more."
    yield (
        f"The provenance of each sample stands beside it: what was asked for, by which generator it was made, when it "
        f"was stored, and for {account.seeds:,} of {account.samples:,} the seed."
    )
    if account.twins:
        yield (
            f"Made from a real sample each, so that they may show what it shows: {many(account.twins, 'sample')}."
        )


def _maker(maker: Maker, count: int) -> str:
    """Describe a generator."""
    told = {
        "class": maker.kind,
        "fingerprint": maker.fingerprint,
        "weights": maker.weights,
        "settings": maker.settings,
        "source": maker.source,
        "licence": maker.licence or "not known",
        "digital source type": maker.source_type,
    }
    lines = [f"- **{_plain(maker.name)}**: {many(count, 'sample')}"]
    lines += [f"  - {what}: {_plain(text)}" for what, text in told.items() if text is not None]
    return "\n".join(lines)


def _labels(account: Account) -> Iterator[str]:
    """Count the samples of each label."""
    if not set(account.labels) - {None}:
        return
    yield "## Labels"
    # Numbers in their order, then texts in theirs, then what has none.
    order = sorted(
        account.labels, key=lambda x: (x is None, isinstance(x, str), 0 if x is None else x)
    )
    rows = [
        f"| {'(none)' if label is None else _plain(str(label))} | {account.labels[label]:,} |"
        for label in order[:_LABELS]
    ]
    yield "\n".join(["| label | samples |", "|---|---|", *rows])
    if len(order) > _LABELS:
        yield f"And {many(len(order) - _LABELS, 'label')} more."


def _left_out(account: Account) -> Iterator[str]:
    """Say what is missing."""
    if account.damaged:
        yield "## What is left out"
        yield f"{many(account.damaged, 'sample')} of the cache: damaged or missing."


def _marks(account: Account) -> Iterator[str]:
    """Say how files say that they are synthetic."""
    yield "## How they are marked"
    marked = sum(account.files[ending] for ending in MARKED)
    others = sum(account.files.values()) - marked
    if marked:
        yield (
            f"Images and sound ({many(marked, 'file')}) carry the IPTC's digital source type, the generator, the "
            "licence and the sample's key in XMP; sound also in its LIST INFO. Pixels and waves are untouched."
        )
    if account.signed:
        yield f"Signed C2PA manifests ({many(account.signed, 'file')}) say so, too."
    if others:
        yield f"Files of other kinds ({others:,}) cannot carry a mark. It stands beside them."
    counts = account.source_types().most_common()
    yield "\n".join(f"- {many(count, 'sample')}: {source_type}" for source_type, count in counts)


def _plain(text: str) -> str:
    """Write somebody's text so that it has no meaning in Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>()#|!&~])", r"\\\1", text_of(text) or "")
