"""Which real samples gates look at."""

from __future__ import annotations

import numpy as np

from lightning_synthaug.data import Record
from lightning_synthaug.generators.gates import RealSamples
from lightning_synthaug.generators.gates.real import in_parts


def samples(labels: list[int] | None, count: int = 0, origin: str = "") -> RealSamples:
    return RealSamples(
        len(labels) if labels else count,
        lambda i: Record({"x": i}),
        labels=None if labels is None else np.array(labels),
        origin=origin,
    )


def test_all_are_taken_where_there_are_few() -> None:
    assert samples([1, 0, 1]).spread(3) == [0, 1, 2]
    assert len(samples([1, 0, 1])) == 3


def test_labels_get_about_as_many_each_and_rare_ones_all() -> None:
    real = samples([0] * 900 + [1] * 95 + [2] * 5)
    chosen = np.array(real.spread(105))
    counts = np.bincount(np.array([0] * 900 + [1] * 95 + [2] * 5)[chosen])
    assert counts.tolist() == [50, 50, 5]
    assert sorted(set(chosen.tolist())) == chosen.tolist()
    assert chosen[:50].max() > 850  # spread over all of them, not the first ones
    assert chosen.tolist() == real.spread(105)


def test_without_labels_they_are_spread_evenly() -> None:
    assert samples(None, 10).spread(5) == [1, 3, 5, 7, 9]


def test_they_are_read_in_the_order_asked() -> None:
    assert [r["x"] for r in samples(None, 10).read([7, 2])] == [7, 2]


def test_a_fingerprint_covers_number_labels_content_and_origin() -> None:
    same = samples([0, 1]).fingerprint()
    assert same == samples([0, 1]).fingerprint()
    others = [samples([1, 0]), samples([0, 1, 1]), samples(None, 2), samples([0, 1], origin="x")]
    content = RealSamples(2, lambda i: Record({"x": -i}), labels=np.array([0, 1]))
    assert len({same, *(o.fingerprint() for o in [*others, content])}) == 6


def test_records_in_memory_bring_their_labels() -> None:
    real = RealSamples.of([Record({"x": 1, "label": 3}), Record({"x": 2, "label": 4})])
    assert real.labels is not None
    assert real.labels.tolist() == [3, 4]
    assert RealSamples.of([Record({"x": 1, "label": 3}), Record({"x": 2})]).labels is None


def test_they_are_a_sequence_of_records() -> None:
    real = samples(None, 10)
    assert real[-1]["x"] == 9
    assert [r["x"] for r in real[3:5]] == [3, 4]
    assert [r["x"] for r in real] == list(range(10))


def test_all_of_them_are_read_part_by_part() -> None:
    sizes = [len(part) for part in in_parts(samples(None, 600))]
    assert sum(sizes) == 600
    assert max(sizes) < 600
