"""Tables and a plot for the docs, from what the steps of the suite left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from harness import ratio_interval, shown

__all__ = ["MARK", "write_report"]

MARK = "<!-- figures: written by make bench -->"
PEERS = ("datasets", "grain", "lightning", "litdata", "lmdb", "torchdata", "webdataset")
PLAIN, OURS = "plain DataLoader", "lightning_synthaug"
TITLES = {
    "arrays": "32x32 arrays",
    "jpeg": "224x224 JPEG",
    "text": "tokenised text",
    "audio": "one second of audio",
    "tensors": "32x32 TensorDataset",
}

Told = Mapping[str, Mapping[str, Any]]
Race = Mapping[str, Mapping[str, Any]]


def write_report(told: Told, page: Path) -> None:
    """Replace what follows the mark on a page, and the plot beside it.

    Args:
        told: Content of each step's JSON file, by the step's name.
        page: The page; what stands above the mark stays.
    """
    above = page.read_text("utf-8").split(MARK)[0].rstrip() if page.exists() else "# Performance"
    parts = [above, MARK, *_machine(told), *_races(told), *_mixing(told)]
    parts += [*_transforms(told), *_targets(told)]
    page.write_text("\n\n".join(parts) + "\n", "utf-8")
    races = {name: _race(one) for name, one in told.items() if name.startswith("loaders-")}
    if races:
        _plot(races, page.parent / "images" / "performance.png")


def _machine(told: Told) -> Iterator[str]:
    """Say where and with what it was measured."""
    machine = next(iter(told.values()))["machine"]
    dates = sorted({one["machine"]["date"] for one in told.values()})
    versions = [f"{n} {machine[n]}" for n in ("python", "torch", "numpy", "lightning-synthaug")]
    for name in PEERS:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            versions.append(f"{name} not installed")
    yield (
        f"Measured on {' and '.join(dates)}: {machine['cores']} cores, {machine['memory_gb']} GB of "
        f"memory, {machine['system']}, no GPU used. {', '.join(versions)}."
    )


def _race(one: Mapping[str, Any]) -> Race:
    return {entry["name"]: entry for entry in one["results"]}


def _ratio(race: Race, ours: str, theirs: str, what: str) -> tuple[float, float, float]:
    return ratio_interval(np.array(race[ours][what]), np.array(race[theirs][what]))


def _races(told: Told) -> Iterator[str]:
    """Write a table for each workload, and say where others are ahead."""
    yield "## Half and half, beside other loaders"
    yield "![Rates over the plain DataLoader's](images/performance.png)"
    ahead: list[str] = []
    for name, one in told.items():
        if not name.startswith("loaders-"):
            continue
        race, (_, workload, workers) = _race(one), name.split("-")
        where = f"{TITLES[workload]}, {workers} workers"
        yield f"### {where}"
        yield _table(
            "loader | samples/s | rate over plain | CPU over plain | first batch, ms | memory, MB | synthetic share",
            [_cells(race, loader) for loader in race],
        )
        for loader in race:
            if race[loader]["problem"] or loader.startswith(OURS) or loader == PLAIN:
                continue
            middle, low, high = _ratio(race, loader, OURS, "rates")
            if low > 1:
                ahead.append(f"* {where}: {loader}, {middle:.2f} ({low:.2f} to {high:.2f}) times.")
    yield "### Where we are not first"
    yield (
        "\n".join(ahead)
        or "No other loader was faster, by the 95 % interval, in any of these cases."
    )


def _cells(race: Race, loader: str) -> list[str]:
    """Write the row of one loader."""
    entry = race[loader]
    if entry["problem"]:
        return [loader, "did not run", "", "", "", "", ""]
    share = entry["share"]
    return [
        loader,
        f"{np.median(entry['rates']):,.0f}",
        shown(_ratio(race, loader, PLAIN, "rates")),
        shown(_ratio(race, loader, PLAIN, "cpu_us")),
        f"{np.median(entry['firsts']) * 1e3:.0f}",
        f"{np.median(entry['memory']):.0f}",
        "" if share is None else f"{share[0]:.2f} ± {share[1]:.2f}",
    ]


def _mixing(told: Told) -> Iterator[str]:
    """Write the ways of putting batches together."""
    rows = [
        [TITLES[name.split("-")[1]], name.split("-")[2], entry, *cells[3:]]
        for name, one in told.items()
        if name.startswith("mixing-")
        for entry, cells in ((row[2], row) for row in one["table"][1:])
    ]
    if rows:
        yield "## What mixing costs"
        yield _table(
            "workload | workers | loader | samples/s | rate over plain | CPU over plain", rows
        )


def _transforms(told: Told) -> Iterator[str]:
    """Write what classical changes cost one by one and by the batch."""
    one = told.get("transforms")
    if one is None:
        return
    yield "## Classical transforms"
    yield (
        "Microseconds of CPU a sample, one thread, batches of 64. *One by one* is `transform=`: albumentations, this "
        "package's sounds and texts, nlpaug. *Batch* is `batch_transform=`: kornia and torch-audiomentations, measured "
        "**on the CPU**. On a GPU it costs the loader nothing; what it costs the GPU was not measured here. Below 1 "
        "the batch is cheaper. Pipelines of the batch are the nearest that these libraries have: "
        "`benchmarks/transforms.py` says what they lack."
    )
    header, *rows = one["table"]
    yield _table(" | ".join(header), rows)


def _targets(told: Told) -> Iterator[str]:
    """List every target, kept or missed."""
    yield "## Targets"
    rows = []
    for name, one in told.items():
        if name.startswith("loaders-"):
            continue
        for target in one["targets"]:
            bound = f"{'at least' if target['at_least'] else 'at most'} {target['bound']:g}"
            value = f"{target['value']:.3g}"
            rows.append([target["name"], value, bound, "" if target["met"] else "**missed**"])
    yield _table("what | measured | target | ", rows)


def _table(header: str, rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {header} |", "|" + "---|" * len(header.split("|"))]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def _plot(races: Mapping[str, Race], file: Path) -> None:
    """Draw the rates of all loaders over the plain one's."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, grid = plt.subplots(2, 4, figsize=(15, 6.5), sharey=True, squeeze=False)
    workloads = [
        name for name in TITLES if f"loaders-{name}-0" in races or f"loaders-{name}-2" in races
    ]
    for row, workers in enumerate((0, 2)):
        for axes, workload in zip(grid[row], workloads, strict=False):
            race = races.get(f"loaders-{workload}-{workers}", {})
            names = [n for n, entry in race.items() if not entry["problem"]][::-1]
            ratios = np.array([_ratio(race, n, PLAIN, "rates") for n in names]).reshape(-1, 3)
            colours = ["#c44e52" if n.startswith(OURS) else "#8c9bb0" for n in names]
            spread = np.abs(ratios[:, 1:].T - ratios[:, 0])
            axes.barh(names, ratios[:, 0], xerr=spread, color=colours, ecolor="#444444")
            axes.axvline(1, color="#444444", linewidth=0.8)
            axes.set_title(f"{TITLES[workload]}, {workers} workers", fontsize=10)
            axes.tick_params(labelsize=8)
            axes.set_xlim(left=0)
    figure.supxlabel("samples a second over the plain DataLoader of one dataset", fontsize=10)
    figure.tight_layout()
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=100, metadata={"Software": None})
    plt.close(figure)
