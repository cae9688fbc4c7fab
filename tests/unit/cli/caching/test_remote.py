"""Caches at addresses; the file systems are fsspec's own: one in memory, one on disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from lightning_synthaug.cli.caching.remote import fetched, is_url, publish
from lightning_synthaug.cli.main import main
from lightning_synthaug.errors import ConfigError, MissingDependency
from lightning_synthaug.store import Store
from tests.unit.store.samples import BUDGET, image, key, sample, shards


@pytest.fixture(params=["memory://caches/one", "disk"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield f"file://{tmp_path}/far" if request.param == "disk" else request.param
    fsspec.filesystem("memory").store.clear()


def test_a_published_cache_is_merged_elsewhere(tmp_path: Path, url: str) -> None:
    shards(tmp_path / "cache", range(6))
    done = publish(tmp_path / "cache", url)
    assert done.files > 0
    assert publish(tmp_path / "cache", url) == (0, 0)
    assert main(["cache", "merge", url, "--into", str(tmp_path / "other")]) == 0
    with Store.open(tmp_path / "other", byte_budget=BUDGET) as store:
        assert [store.get(key(i)) for i in range(6)] == [image(i) for i in range(6)]
        assert store.verify() == []


def test_what_grows_while_it_is_copied_is_whole_and_copied_again(tmp_path: Path, url: str) -> None:
    with Store.open(tmp_path / "cache", byte_budget=BUDGET) as store:
        store.put([sample(i) for i in range(3)])
        publish(tmp_path / "cache", url)
        with fetched(url) as folder, Store.open(folder, byte_budget=BUDGET) as copy:
            assert copy.stats().samples == 3
            assert copy.verify() == []
        store.put([sample(i) for i in range(3, 9)])
    assert publish(tmp_path / "cache", url).files == 2
    with fetched(url) as folder, Store.open(folder, byte_budget=BUDGET) as copy:
        assert copy.stats().samples == 9
    assert not folder.exists()


def test_only_files_of_a_store_are_fetched(tmp_path: Path, url: str) -> None:
    shards(tmp_path / "cache", range(2))
    publish(tmp_path / "cache", url)
    system, root = fsspec.core.url_to_fs(url)
    system.pipe_file(f"{root}/index.db", b"evil")
    with fetched(url) as folder:
        assert {path.suffix for path in folder.iterdir()} == {".rows", ".log"}


@pytest.mark.parametrize("wrong", ["nowhere://bucket/cache", "memory://caches/none"])
def test_an_address_that_cannot_be_used_is_named(wrong: str) -> None:
    with pytest.raises(ConfigError, match="SA814") as error, fetched(wrong):
        pass
    assert wrong in str(error.value)


def test_a_protocol_without_its_library_names_it(tmp_path: Path) -> None:
    with pytest.raises(MissingDependency, match="s3fs"):
        publish(tmp_path, "s3://bucket/cache")


def test_addresses_and_folders(tmp_path: Path) -> None:
    assert [is_url(x) for x in ("s3://b", "simplecache::s3://b", "~/x", "C:/x", "a")] == [
        True, True, False, False, False,
    ]  # fmt: skip
    with fetched(str(tmp_path)) as folder:
        assert folder == tmp_path
