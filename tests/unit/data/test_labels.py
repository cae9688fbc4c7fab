from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, Dataset, Subset, TensorDataset

from lightning_synthaug.data import LabelMap, find_labels
from lightning_synthaug.data.labels import stored_labels
from lightning_synthaug.errors import DataError

CODES = [3, 1, 3, 0, 7]


class Unreadable(Dataset[Any]):
    """Has labels; reading a sample fails."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)

    def __len__(self) -> int:
        return len(CODES)

    def __getitem__(self, index: int) -> Any:
        raise AssertionError("a sample was read")


class Columns(Unreadable):
    """As a Hugging Face dataset: columns by name, samples by number."""

    column_names = ("image", "label")

    def __getitem__(self, key: Any) -> Any:
        return CODES if key == "label" else super().__getitem__(key)


TENSORS = TensorDataset(torch.rand(5, 3), torch.tensor(CODES)[:, None], torch.rand(5))


@pytest.mark.parametrize(
    "dataset",
    [
        Unreadable(targets=CODES),
        Unreadable(targets=torch.tensor(CODES)),
        Unreadable(targets=np.array(CODES, np.uint8)),
        Unreadable(targets=["a"] * 5, labels=CODES),
        Unreadable(targets=[1, 2], labels=CODES),
        Unreadable(targets=dict.fromkeys(range(5), "name"), labels=CODES),
        Unreadable(targets={0, 1, 2, 3, 4}, labels=CODES),
        Columns(),
        TENSORS,
        Subset(ConcatDataset([TENSORS, Unreadable(targets=[9, 9, 9, 9, 9])]), range(5)),
        ConcatDataset(
            [Subset(TENSORS, [0, 1]), Subset(Unreadable(labels=CODES), np.array([2, 3, -1]))]
        ),
    ],
)
def test_labels_are_found_without_reading_a_sample(dataset: Any) -> None:
    assert find_labels(dataset).codes.tolist() == CODES


Pair = namedtuple("Pair", "y x")


@pytest.mark.parametrize(
    "make",
    [
        lambda code: ("x", code),
        lambda code: ["x", torch.tensor(code), 5],
        lambda code: ("x", np.array([code])),
        lambda code: {"image": 1.0, "label": code},
        lambda code: {"x": 1.0, "target": np.int32(code)},
        lambda code: Pair(code, 1.0),
    ],
)
@pytest.mark.parametrize("progress", [False, True])
def test_labels_are_read_from_the_samples_when_there_is_no_other_way(
    make: Any, progress: bool
) -> None:
    assert find_labels([make(code) for code in CODES], progress=progress).codes.tolist() == CODES


def test_the_bar_is_shown_only_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    find_labels([("x", 1)])
    assert capsys.readouterr().err == ""
    find_labels([("x", 1)], progress=True)
    assert "Reading labels" in capsys.readouterr().err


class Augmenting(Dataset[Any]):
    def __init__(self) -> None:
        self.calls = 0
        self.target_transform = lambda target: target + 100

    def transform(self, image: Any) -> Any:
        self.calls += 1
        return image

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Any:
        return self.transform(np.zeros(3)), self.target_transform(CODES[index])


def test_labels_are_those_before_the_target_transform_and_transforms_stay_unused() -> None:
    dataset = Augmenting()
    view = Subset(ConcatDataset([dataset, [("x", 7)]]), [5, 0, 1, 4])  # type: ignore[list-item]
    assert find_labels(view).codes.tolist() == [7, 3, 1, 7]
    assert dataset.calls == 0


@pytest.mark.parametrize(
    "labels",
    [CODES, tuple(CODES), np.array(CODES), torch.tensor(CODES), lambda index: CODES[index]],
)
def test_given_labels_have_the_last_word(labels: Any) -> None:
    table = find_labels(
        Unreadable(targets=[0] * 5), labels=labels, class_names={0: "a", 1: "b", 3: "c", 7: "d"}
    )
    assert table.codes.tolist() == CODES
    assert table.name(7) == "d"


@pytest.mark.parametrize(
    ("dataset", "got"),
    [
        ([("x", 1), ("x", 1.5)], "a float at sample 1"),
        ([("x", "cat")], "a str at sample 0"),
        ([torch.rand(4)], "none at sample 0"),
        ([{"image": 1}], "none at sample 0"),
    ],
)
def test_samples_without_whole_number_labels_are_refused(dataset: list[Any], got: str) -> None:
    with pytest.raises(
        DataError, match=rf"must carry a whole-number label, got {got}\. Pass `labels=`.*\[SA208\]"
    ):
        find_labels(dataset)


def test_given_labels_must_be_one_per_sample() -> None:
    with pytest.raises(
        DataError, match=r"`labels` must hold one label per sample, got 2 for 5 samples.*\[SA208\]"
    ):
        find_labels(TENSORS, labels=[1, 2])
    with pytest.raises(DataError, match="one whole number per sample, got an array of dtype float"):
        find_labels(TENSORS, labels=[0.5] * 5)
    with pytest.raises(DataError, match="got a str at sample 0"):
        find_labels(TENSORS, labels=lambda index: "a")


def test_a_label_map_must_start_from_the_users_labels() -> None:
    find_labels(TENSORS, label_map={7: 0, 8: 1})
    find_labels(TENSORS, label_map=LabelMap({3: 0}))
    with pytest.raises(
        DataError,
        match=r"must start from labels of the dataset, got \[5, 6\].*\[0, 1, 3, 7\].*\[SA209\]",
    ):
        find_labels(TENSORS, label_map={5: 7, 6: 3})


@pytest.mark.parametrize(
    "dataset",
    [
        Unreadable(),
        Unreadable(targets=[0.5] * 5),
        Unreadable(targets=[[1], [1, 2], [], [], []]),
        Unreadable(labels=lambda: CODES),
        TensorDataset(torch.rand(5, 2)),
        Subset(TensorDataset(torch.rand(5, 2)), [1]),
        ConcatDataset([TENSORS, TensorDataset(torch.rand(5, 2))]),
    ],
)
def test_nothing_is_stored(dataset: Any) -> None:
    assert stored_labels(dataset) is None


def test_whole_numbers_may_be_floats() -> None:
    for label in (3.0, np.float32(3), torch.tensor(3.0), np.array([3.0])):
        assert find_labels([("x", label)]).codes.tolist() == [3]


def test_one_hot_labels_are_shown_with_a_way_out() -> None:
    with pytest.raises(
        DataError,
        match=r"got torch.float32 of shape \[4\] at sample 0.*y.argmax\(1\).*item=.*SA208",
    ):
        find_labels([("x", torch.eye(4)[1])])


def test_the_label_of_a_sound_is_behind_its_rate() -> None:
    wave = np.zeros((1, 900), np.float32)
    data = [(wave, 16000, 2), (wave, 16000, 0)]
    assert repr(find_labels(data)) == "LabelTable(2 samples; 0: 1, 2: 1)"
    assert find_labels(data).codes.tolist() == [2, 0]
