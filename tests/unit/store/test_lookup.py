from __future__ import annotations

from pathlib import Path

import pytest

from lightning_synthaug.errors import CacheError
from lightning_synthaug.store import Store
from lightning_synthaug.store.lookup import require_store
from tests.unit.store.samples import filled


def test_a_folder_with_shards_or_an_index_is_a_store(tmp_path: Path) -> None:
    with filled(tmp_path, 2):
        pass
    assert require_store(tmp_path) == tmp_path
    (tmp_path / "index.sqlite").unlink()
    assert require_store(str(tmp_path)) == tmp_path
    Store.open(tmp_path / "empty").close()
    assert require_store(tmp_path / "empty") == tmp_path / "empty"


@pytest.mark.parametrize("name", ["none", "file", "other"])
def test_anything_else_is_told_and_left_as_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "train.log").write_text("epoch 1")
    before = sorted(tmp_path.rglob("*"))
    for act in (require_store, lambda folder: Store.open(folder, create=False)):
        with pytest.raises(CacheError, match=r"must hold a cache.*SA330"):
            act(tmp_path / name)
    assert sorted(tmp_path.rglob("*")) == before
