from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.errors import CacheError, CacheLocked, ConfigError
from lightning_synthaug.store import Store
from lightning_synthaug.store.holding import alone
from tests.unit.store.samples import BUDGET, filled, key, shards


def test_evicting_needs_to_be_told_what(tmp_path: Path) -> None:
    with filled(tmp_path, 2) as store:
        with pytest.raises(ConfigError, match=r"`to`, `older_than` and `generator`.*SA334"):
            store.evict()
        with pytest.raises(ConfigError, match=r"`to` must be.*SA332"):
            store.evict(to="much")
        with pytest.raises(ConfigError, match=r"`older_than` must be.*SA333"):
            store.evict(older_than="long")
        with pytest.raises(CacheError, match="SA308"):
            store.evict(to=0, keep=[b"short"])


def test_a_store_is_not_merged_into_itself_nor_from_nowhere(tmp_path: Path) -> None:
    with filled(tmp_path, 2) as store:
        (tmp_path / "link").symlink_to(tmp_path)
        for same in (tmp_path, tmp_path / "link"):
            with pytest.raises(ConfigError, match=r"another folder.*SA335"):
                store.merge(same)
        with pytest.raises(CacheError, match="SA330"):
            store.merge(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_one_process_at_a_time_changes_shards_and_counting_does_not_wait(tmp_path: Path) -> None:
    shards(tmp_path / "other", range(2))
    with filled(tmp_path, 2) as store, alone(tmp_path):
        for change in (
            lambda: store.evict(to=0),
            store.compact,
            lambda: store.merge(tmp_path / "other"),
        ):
            with pytest.raises(CacheLocked, match="SA331"):
                change()
        assert store.evict(to=0, dry_run=True).held == 1
        assert {one.key for one in store.samples()} == {key(0), key(1)}
        assert store.verify() == []


def test_verify_tells_how_far_it_is(tmp_path: Path) -> None:
    shards(tmp_path, range(4), range(4, 6))
    with Store.open(tmp_path, byte_budget=BUDGET) as store:
        seen: list[int] = []
        assert store.verify(seen.append) == []
        assert sorted(seen) == [2, 4]
