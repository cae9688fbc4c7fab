from __future__ import annotations

from collections import OrderedDict

import numpy as np

from lightning_synthaug.data.record import Record
from lightning_synthaug.data.template import ItemTemplate


def test_given_names_replace_the_rules() -> None:
    template = ItemTemplate((np.zeros(3), 1), names=("audio", "rate"))
    assert list(template.parse((np.ones(3), 2))) == ["audio", "rate"]


def test_fields_that_the_item_lacks_are_ignored() -> None:
    template = ItemTemplate((np.zeros(3), 1))
    assert template.elements({"image": np.ones(3), "label": 2, "score": 0.5})[1] == 2


def test_keys_keep_the_order_of_the_example() -> None:
    template = ItemTemplate(OrderedDict(label=1, image=np.zeros(3)))
    made = template.join(template.elements(template.parse({"image": np.ones(3), "label": 4})))
    assert list(made) == ["label", "image"]
    assert made["label"] == 4


def test_whole_numbers_may_come_as_fractions_without_a_rest() -> None:
    template = ItemTemplate((np.zeros(3), 1))
    assert type(template.elements({"image": np.ones(3), "label": 2.0})[1]) is int


def test_waves_go_by_the_name_of_features_where_nobody_knows_better() -> None:
    template = ItemTemplate((np.zeros(90, np.float32), 1))
    record = Record({"audio": np.ones(90, np.float32), "label": 2})
    wave, label = template.join(template.elements(record))
    assert wave.tolist() == [1.0] * 90 and label == 2
