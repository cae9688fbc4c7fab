"""What the watch says of generators that are healthy, and of those that collapse in one way or another."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from lightning_synthaug.assets import demo_generator, digits_split
from lightning_synthaug.data import Record
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators import Request, request_seed
from lightning_synthaug.generators.gates.embeddings import HashedNgrams, OrientedGradients
from lightning_synthaug.generators.gates.watch import Collapse, CollapseWatch, Reference

REAL, TURN = 300, 200


def reference() -> Reference:
    digits = digits_split().train_pool
    images = [Record({"image": image}) for image in digits.images[:REAL]]
    return Reference(OrientedGradients().embed(images), np.array(digits.labels[:REAL], np.int64))


REFERENCE = reference()


@pytest.fixture(scope="module")
def made() -> tuple[list[Request], list[Record]]:
    """Three thousand digits of the demo's generator, labels in turn."""
    generator = demo_generator()
    requests = [
        Request(i % 10, i // 10, seed=request_seed(0, label=i % 10, number=i // 10))
        for i in range(3000)
    ]
    generator.load("cpu")
    records: list[Record] = []
    for i in range(0, len(requests), 256):
        records += generator.generate(requests[i : i + 256])  # type: ignore[arg-type]
    return requests, records


def watch(*, own: bool = False, chooses: bool = False) -> CollapseWatch:
    real = None if own else REFERENCE
    return CollapseWatch(OrientedGradients(), real, chooses=chooses)


def noticed(
    watch: CollapseWatch, requests: Sequence[Request], records: Sequence[Record], batch: int = 16
) -> Collapse | None:
    for i in range(0, len(requests), batch):
        found = watch.see(requests[i : i + batch], records[i : i + batch])
        if found is not None:
            return found
    return None


def unlabelled(requests: Sequence[Request]) -> list[Request]:
    return [Request(None, i) for i, _ in enumerate(requests)]


@pytest.mark.parametrize("own", [False, True])
def test_a_healthy_generator_raises_no_alarm(
    made: tuple[list[Request], list[Record]], own: bool
) -> None:
    healthy = watch(own=own)
    assert noticed(healthy, *made) is None
    shares = healthy.shares()
    assert shares["similarity"][1] > 0.9
    assert shares["coverage"][1] > 0.2
    assert "labels" not in shares  # they are asked for


def test_nor_does_it_where_it_chooses_labels_by_itself(
    made: tuple[list[Request], list[Record]],
) -> None:
    order = np.random.default_rng(0).permutation(3000)
    records = [made[1][i] for i in order]
    healthy = watch(chooses=True)
    assert noticed(healthy, unlabelled(records), records) is None  # type: ignore[arg-type]
    assert healthy.shares()["labels"][1] > 0.8


def planted(kind: str, requests: list[Request], records: list[Record]) -> Iterator[Record]:
    """Turn to one sample after 200; to one of each label; to one with a little noise."""
    rng = np.random.default_rng(0)
    of_label = {r.label: made for r, made in zip(requests[:TURN], records[:TURN], strict=True)}
    for i, (request, record) in enumerate(zip(requests, records, strict=True)):
        if i < TURN:
            yield record
            continue
        kept = records[TURN - 1] if kind == "one" else of_label[request.label]
        image = np.asarray(kept["image"], np.float64)
        if kind == "noise":
            image = image + rng.normal(0, 3, image.shape)
        yield Record({"image": np.clip(image, 0, 255).round().astype(np.uint8)})


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("kind", ["one", "each", "noise"])
def test_a_collapse_is_noticed_within_a_hundred_samples(
    made: tuple[list[Request], list[Record]], kind: str, own: bool
) -> None:
    requests = made[0][:600]
    found = noticed(watch(own=own), requests, list(planted(kind, requests, made[1][:600])))
    assert found is not None
    assert (found.statistic, found.label) == ("similarity", None)
    assert TURN < found.made <= TURN + 100
    assert found.fresh < 0.25 * found.last


def test_so_is_one_of_a_single_label(made: tuple[list[Request], list[Record]]) -> None:
    requests, records = made
    same = [
        records[3] if r.label == 3 and i > 1000 else record
        for i, (r, record) in enumerate(zip(requests, records, strict=True))
    ]
    found = noticed(watch(), requests, same)
    assert found is not None
    assert found.label == 3
    assert found.made < 1000 + 10 * 60  # sixty of this label


def test_so_is_a_generator_that_is_stuck_with_a_label(
    made: tuple[list[Request], list[Record]],
) -> None:
    """Its samples differ, but all show a one from some sample on."""
    requests, records = made
    ones = [record for r, record in zip(requests, records, strict=True) if r.label == 1]
    stuck = [*records[:TURN], *ones]
    found = noticed(watch(chooses=True), unlabelled(stuck), stuck)  # type: ignore[arg-type]
    assert found is not None
    assert (found.statistic, found.made <= TURN + 100) == ("labels", True)


def test_one_that_was_so_from_the_beginning_is_told_by_real_samples(
    made: tuple[list[Request], list[Record]],
) -> None:
    requests = made[0][:1000]
    same = [made[1][0]] * 1000
    found = noticed(watch(), requests, same)
    assert found is not None
    assert found.made <= 100
    repeats = noticed(watch(own=True), requests, same)
    assert repeats is not None
    assert repeats.made <= 128 + 16 + 100


def test_batches_do_not_matter(made: tuple[list[Request], list[Record]]) -> None:
    requests = made[0][:500]
    records = list(planted("each", requests, made[1][:500]))
    found = [noticed(watch(), requests, records, batch) for batch in (1, 7, 64, 500)]
    assert len(set(found)) == 1


def test_it_goes_on_in_another_process(made: tuple[list[Request], list[Record]]) -> None:
    requests = made[0][:500]
    records = list(planted("one", requests, made[1][:500]))
    here = watch()
    assert noticed(here, requests[:TURN], records[:TURN]) is None
    there = pickle.loads(pickle.dumps(here))
    found = noticed(there, requests[TURN:], records[TURN:])
    assert found == noticed(here, requests[TURN:], records[TURN:])
    assert found is not None


def test_it_tells_once(made: tuple[list[Request], list[Record]]) -> None:
    requests = made[0][:600]
    records = list(planted("one", requests, made[1][:600]))
    one = watch()
    assert noticed(one, requests, records) is one.collapse
    assert one.see(requests, records) is None
    assert one.see([], []) is None


def test_exact_repeats_are_told_of_anything() -> None:
    texts = [Record({"word": f"text {i if i < TURN else 0}"}) for i in range(400)]
    requests = [Request(i % 2, i // 2) for i in range(400)]
    found = noticed(CollapseWatch(), requests, texts)
    assert found is not None
    assert TURN < found.made <= TURN + 100


def test_variants_of_real_samples_count_by_the_label_of_these() -> None:
    rng = np.random.default_rng(0)
    twins = [Record({"word": "x", "label": i % 2}) for i in range(800)]
    requests = [Request(None, 0, twin=twin) for twin in twins]
    texts = [
        Record({"word": str(rng.random()) if i % 2 or i < 400 else "same"}) for i in range(800)
    ]
    found = noticed(CollapseWatch(), requests, texts)
    assert found is not None
    assert found.label == 0


def test_samples_that_the_embedding_cannot_see_are_an_error() -> None:
    with pytest.raises(GateError, match="SA450"):
        watch().see([Request(0, 0)], [Record({"word": "a"})])


def test_a_writer_that_begins_to_write_the_same_is_told_of() -> None:
    rng = np.random.default_rng(0)
    words = [
        ["soup", "pasta", "waiter", "phone", "film", "plot", "ending", "actor", "case", "music"],
        ["was", "seemed", "became", "turned", "stayed", "looked"],
        ["superb", "late", "cold", "slow", "dull", "fine", "rude", "wrong", "clever", "cheap"],
        ["so we left", "and I came back", "which nobody told us", "for what it cost", "again"],
    ]

    def text() -> Record:
        return Record({"text": "The {} {} {}, {}.".format(*map(rng.choice, words))})

    embedding = HashedNgrams()
    real = Reference(embedding.embed([text() for _ in range(200)]), np.arange(200) % 2)
    asked = [Request(i % 2, i // 2) for i in range(400)]
    varied = [text() for _ in asked]
    assert noticed(CollapseWatch(embedding, real), asked, varied) is None
    stuck = [Record({"text": f"The soup was {w}, so we left."}) for w in ("cold", "late", "cold")]
    collapsed = varied[:200] + [stuck[i % 3] for i in range(200)]
    found = noticed(CollapseWatch(embedding, real), asked, collapsed)
    assert found is not None
    assert found.made <= 300
