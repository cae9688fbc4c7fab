from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from lightning_synthaug.data.record import Record
from lightning_synthaug.errors import GeneratorContractBroken
from lightning_synthaug.generators import (
    Generator,
    Rejection,
    Request,
    check_batch,
    check_generator,
    checked_count,
)


class Made(Generator):
    name = "made"
    conditioning = "class"

    def fingerprint(self) -> str:
        return "made"

    def generate(self, requests: Sequence[Request]) -> list[Record | Rejection]:
        return [record(label=request.label) for request in requests]


def record(shape: tuple[int, ...] = (4, 4), dtype: Any = np.uint8, **fields: Any) -> Record:
    return Record({"image": np.zeros(shape, dtype), "label": 1, **fields})


TWO = [Request(label=1, number=0), Request(label=1, number=1)]


def test_good_results_pass_unchanged() -> None:
    results: list[Record | Rejection] = [record(), Rejection("too dark")]
    assert check_batch(Made(), TWO, results) == results


def test_another_count_is_refused_with_both_on_aligned_lines() -> None:
    with pytest.raises(GeneratorContractBroken, match=r"asked: 2\n  got:   1\n.*SA420") as caught:
        check_batch(Made(), TWO, [record()])
    assert 'Generator "made"' in str(caught.value)


@pytest.mark.parametrize(
    ("second", "match"),
    [
        (record(shape=(4, 5)), r"asked: uint8\[4, 4\]\n  got:   uint8\[4, 5\]\n.*SA423"),
        (record(dtype=np.float32), r"got:   float32\[4, 4\]\n.*SA423"),
        (record(dtype=np.int64), r"asked: uint8 or float32.*\n  got:   int64\[4, 4\]\n.*SA423"),
        (record(shape=(4,)), r"got:   uint8\[4\]\n.*SA423"),
        (record(label=2), r"asked: 1\n  got:   2\n.*SA422"),
        (record(label=True), r"got:   True\n.*SA422"),
        (record(label="1"), r"got:   1\n.*SA422"),
        (Record({"image": np.zeros((4, 4), np.uint8)}), r"got:   None\n.*SA422"),
        (
            record(score=0.5),
            r"asked: \['image', 'label'\]\n  got:   \['image', 'label', 'score'\]\n.*SA421",
        ),
        (Record({"label": 1}), r"asked: \"image\"\n  got:   \['label'\]\n.*SA421"),
        ({"image": 0}, r"asked: Record or Rejection\n  got:   builtins.dict\n.*SA421"),
    ],
)
def test_a_broken_promise_is_refused(second: Any, match: str) -> None:
    with pytest.raises(GeneratorContractBroken, match=match):
        check_batch(Made(), TWO, [record(), second])


def test_the_measure_is_carried_from_batch_to_batch() -> None:
    with pytest.raises(
        GeneratorContractBroken, match=r"asked: uint8\[4, 4\]\n  got:   uint8\[8, 8\]"
    ):
        check_batch(Made(), TWO[:1], [record(shape=(8, 8))], like=record())


def test_a_declared_shape_holds_from_the_first_sample() -> None:
    generator = Made()
    generator.shape = (8, 8)
    with pytest.raises(
        GeneratorContractBroken, match=r"asked: \(8, 8\)\n  got:   \(4, 4\)\n.*SA423"
    ):
        check_batch(generator, TWO[:1], [record()])


def test_declared_variable_shapes_may_differ() -> None:
    generator = Made()
    generator.variable_shape = True
    assert len(check_batch(generator, TWO, [record(), record(shape=(9, 7))])) == 2
    with pytest.raises(GeneratorContractBroken, match="of 2 dimensions\n  got:   uint8 of 3"):
        check_batch(generator, TWO, [record(), record(shape=(9, 7, 3))])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_sample_that_is_not_finite_is_one_rejection(value: float) -> None:
    bad = record(dtype=np.float32).replace(image=np.full((4, 4), value, np.float32))
    checked = check_batch(Made(), TWO, [record(dtype=np.float32), bad])
    assert isinstance(checked[0], Record)
    assert checked[1] == Rejection("holds a value that is not finite")
    assert isinstance(check_batch(Made(), TWO[:1], [record(score=value)])[0], Rejection)


def test_labels_are_free_where_none_is_asked_for() -> None:
    generator = Made()
    generator.conditioning = "none"
    assert len(check_batch(generator, TWO[:1], [record(label=9)])) == 1


def test_boxes_may_be_of_any_number_and_masks_are_as_large_as_each_other() -> None:
    some = [record(bboxes=np.zeros((n, 4), np.float32), mask=np.zeros((4, 4))) for n in (0, 3)]
    assert check_batch(Made(), TWO, some) == some
    other = [some[0], some[1].replace(mask=np.zeros((4, 5)))]
    with pytest.raises(
        GeneratorContractBroken, match=r"one form of .mask.(.|\n)*4, 4(.|\n)*4, 5(.|\n)*SA423"
    ):
        check_batch(Made(), TWO, other)
    wrong = [some[0], some[1].replace(bboxes=np.zeros(4, np.float32))]
    with pytest.raises(GeneratorContractBroken, match=r'(?s)"bboxes".*of 2 dim.*of 1 dim.*SA423'):
        check_batch(Made(), TWO, wrong)


@pytest.mark.parametrize(
    ("results", "got"),
    [
        (None, "builtins.NoneType"),
        ((record() for _ in TWO), "builtins.generator"),
        ({0: record(), 1: record()}, "builtins.dict"),
    ],
)
def test_what_is_no_list_is_refused(results: Any, got: str) -> None:
    with pytest.raises(
        GeneratorContractBroken, match=rf"asked: a list of 2\n  got:   {got}\n.*SA420"
    ):
        check_batch(Made(), TWO, results)


def test_a_rejection_without_words_is_refused() -> None:
    reason: Any = None
    with pytest.raises(
        GeneratorContractBroken, match=r"asked: text\n  got:   Rejection\(None\)\n.*SA421"
    ):
        check_batch(Made(), TWO, [record(), Rejection(reason)])


@pytest.mark.parametrize(
    ("what", "got"),
    [
        *(("conditioning", value) for value in ("Class", None)),
        *(("batch_size", value) for value in (0, -1, 2.5, None, True, "auto")),
        *(("labels", value) for value in (4, {0, "a"}, [0.5])),
        *(("fingerprint", value) for value in (None, "", 3, b"x", ["a"])),
        *(("count", value) for value in (-1, 2.5, "a", True)),
    ],
)
def test_what_no_generator_may_say_of_itself_is_refused(what: str, got: Any) -> None:
    generator = Made()
    called = what in ("fingerprint", "count")
    setattr(generator, what, (lambda *_: got) if called else got)
    name = rf"`{what}{'..' if called else ''}` of the generator \"made\" \(.*:Made\) must be "
    with pytest.raises(GeneratorContractBroken, match=name + ".*got .*SA495"):
        checked_count(generator, 1)
        check_generator(generator)


def test_what_a_generator_may_say_of_itself_passes() -> None:
    generator: Any = Made()
    generator.labels, generator.batch_size = np.arange(3), np.int64(4)
    check_generator(generator)
    assert checked_count(generator, 1) is None
