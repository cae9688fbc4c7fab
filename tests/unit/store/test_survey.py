from __future__ import annotations

import time
from pathlib import Path

import pytest

from lightning_synthaug.errors import CacheCorrupt
from lightning_synthaug.store import NewSample, Store
from lightning_synthaug.store.survey import UNNAMED, samples_of, survey
from tests.unit.store.samples import BUDGET, filled, image, key, one_file, sample, text


def test_each_sample_is_told_with_size_age_and_provenance(tmp_path: Path) -> None:
    began = time.time_ns()
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        store.put([NewSample(key(0), image(0), {"name": "gan", "label": 3})])
        between = time.time_ns()
        store.put([NewSample(key(1), text(1), {"name": "lm", "label": "cat"}), sample(2)])
        found = {one.key: one for one in store.samples()}
    assert set(found) == {key(0), key(1), key(2)}
    assert [found[key(i)].generator for i in range(3)] == ["gan", "lm", UNNAMED]
    assert [found[key(i)].label for i in range(3)] == [3, "cat", None]
    assert began <= found[key(0)].at <= between <= found[key(1)].at <= time.time_ns()
    assert found[key(0)].size == 80  # 64 pixels and an integer, aligned
    assert found[key(1)].size == 8 + 10 + 8  # its length, ten bytes of UTF-8, an integer
    assert found[key(2)].provenance == {"generator": "test", "seed": 2}


def test_what_was_forgotten_is_not_told_of(tmp_path: Path) -> None:
    with filled(tmp_path, 3) as store:
        store.forget([key(1)])
        assert {one.key for one in store.samples()} == {key(0), key(2)}


def test_without_a_log_samples_are_told_without_their_size(tmp_path: Path) -> None:
    with filled(tmp_path, 3) as store:
        index = store._session().index
        (state,) = index.shards().values()
        one_file(tmp_path, "*.log").unlink()
        found = samples_of(index, tmp_path, state)
        assert [one.size for one in found] == [0, 0, 0]
        assert [one.at for one in found] == [state.created] * 3


def test_tampered_provenance_is_told(tmp_path: Path) -> None:
    with filled(tmp_path, 1) as store:
        index = store._session().index
        index.execute("UPDATE samples SET own = '[1]'")
        with pytest.raises(CacheCorrupt, match="SA303"):
            list(survey(index, tmp_path))
