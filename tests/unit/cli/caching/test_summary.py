from __future__ import annotations

from lightning_synthaug.cli.caching.summary import summarise, to_json
from lightning_synthaug.store import StoredSample

DAY = 86_400 * 10**9
NOW = 1_800_000_000 * 10**9


def stored(name: str, label: object, days: float = 0, size: int = 10) -> StoredSample:
    told = {"name": name, "label": label}
    return StoredSample(b"k" * 16, 1, 0, size, NOW - int(days * DAY), told)


SAMPLES = [
    stored("vae", 10, 0.5),
    stored("gan", "cat", 3),
    stored("gan", 9, 20),
    stored("gan", None, 300, 5),
    stored("gan", 9, 301),
]


def test_generators_are_summed_up_by_name() -> None:
    gan, vae = summarise(SAMPLES).generators
    assert (gan.name, gan.samples, gan.bytes, gan.labels) == ("gan", 4, 35, {"cat", 9, None})
    assert (gan.oldest, gan.newest) == (NOW - 301 * DAY, NOW - 3 * DAY)
    assert (vae.name, vae.samples) == ("vae", 1)


def test_labels_come_as_numbers_then_names_then_none() -> None:
    assert [(g.name, g.samples) for g in summarise(SAMPLES).labels] == [
        ("9", 2),
        ("10", 1),
        ("cat", 1),
        ("(none)", 1),
    ]


def test_ages_come_the_youngest_first() -> None:
    counts = [(group.name, group.samples) for group in summarise(iter(SAMPLES), now=NOW).ages]
    assert counts == [("last day", 1), ("last week", 1), ("last 30 days", 1), ("older", 2)]
    assert summarise([]) == ([], [], [])


def test_a_group_is_written_out_plainly() -> None:
    assert to_json(summarise(SAMPLES).generators[0]) == {
        "name": "gan",
        "samples": 4,
        "bytes": 35,
        "labels": [9, "cat", None],
        "oldest": "2026-03-20T08:00:00+00:00",
        "newest": "2027-01-12T08:00:00+00:00",
    }
