from __future__ import annotations

import gc
import multiprocessing
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest

from lightning_synthaug.errors import CacheCorrupt, CacheError, ConfigError
from lightning_synthaug.store import NewSample, Store
from tests.unit.store.samples import BUDGET, filled, image, key, one_file, sample


def test_put_returns_how_many_were_new_and_the_first_wins(tmp_path: Path) -> None:
    with filled(tmp_path, 3) as store:
        other = NewSample(key(1), image(7), {})
        again = [sample(5), NewSample(key(5), image(6), {})]
        assert store.put([other, *again]) == 1
        assert store.get(key(1)) == image(1)
        assert store.get(key(5)) == image(5)
        assert store.put([]) == 0


def test_a_store_is_found_again(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with filled(folder, 3) as store:
        stats = store.stats()
    with Store.open(folder) as store:
        assert store.stats().samples == stats.samples == 3
        assert store.byte_budget <= 20 * 10**9
        assert store.provenance(key(2)) == {"generator": "test", "seed": 2}
        assert store.provenance(key(9)) is None
        assert store.get(key(9)) is None


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = Store.open(tmp_path, byte_budget=10)
    assert repr(store) == f"Store({str(tmp_path)!r}, byte_budget=10, open)"
    store.close()
    store.close()
    assert "closed" in repr(store)
    with pytest.raises(CacheError, match=r"must be open.*SA309"):
        store.stats()


def test_a_budget_is_checked_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="SA310"):
        Store.open(tmp_path / "x", byte_budget=0)
    assert not (tmp_path / "x").exists()


def test_a_path_that_cannot_be_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "x"):
        with pytest.raises(CacheError, match=r"folder of a store .* got .*SA301"):
            Store.open(path)


def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from lightning_synthaug.errors import CacheError\n"
        "from lightning_synthaug.store import Store\n"
        "os.chmod(sys.argv[1], 0o555)\n"
        "os.chmod(os.path.dirname(sys.argv[1]), 0o755)\n"
        "if os.getuid() == 0: os.chdir('/'); os.seteuid(65534)\n"
        "try: Store.open(sys.argv[1])\n"
        "except CacheError as error: sys.exit(error.code)\n"
    )
    root = Path(__file__).parents[3]
    base = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    folder = base / "cache"
    folder.mkdir()
    env = os.environ | {"PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, env=env
    )
    folder.chmod(0o755)
    folder.rmdir()
    base.rmdir()
    assert done.stderr.strip() == "SA301"


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"x" * 5000])
def test_a_damaged_index_is_told_and_made_anew_on_demand(tmp_path: Path, content: bytes) -> None:
    with filled(tmp_path, 3) as store:
        places = store.resolve([key(i) for i in range(3)]).tolist()
    one_file(tmp_path, "index.sqlite").write_bytes(content)
    with pytest.raises(CacheCorrupt, match=r"rebuild=True.*SA303"):
        Store.open(tmp_path)
    with Store.open(tmp_path, rebuild=True) as store:
        assert store.resolve([key(i) for i in range(3)]).tolist() == places
    assert (tmp_path / "index.sqlite.damaged").read_bytes() == content


def test_provenance_that_was_tampered_with_is_told(tmp_path: Path) -> None:
    with filled(tmp_path, 1) as store:
        store._session().index.execute("UPDATE samples SET own = x'00'")
        with pytest.raises(CacheCorrupt, match="SA303"):
            store.provenance(key(0))


def test_threads_share_a_store(tmp_path: Path) -> None:
    with filled(tmp_path, 0) as store:
        parts = [range(i, 80, 4) for i in range(4)]
        threads = [
            threading.Thread(target=lambda part=part: [store.put([sample(i)]) for i in part])
            for part in parts
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.stats().samples == 80
        assert store.verify() == []


def test_a_child_writes_to_shards_of_its_own(tmp_path: Path) -> None:
    with filled(tmp_path, 2) as store:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # other tests left threads
            child = os.fork()
        if child == 0:
            good = store.put([sample(2)]) == 1 and store.get(key(0)) == image(0)
            store.close()
            os._exit(0 if good else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert store.put([sample(2), sample(3)]) == 1
        assert store.get(key(2)) == image(2)
        assert store.stats().shards == 2


def test_a_store_that_is_dropped_seals_its_shards(tmp_path: Path) -> None:
    store = Store.open(tmp_path, byte_budget=BUDGET)
    store.put([sample(0)])
    assert one_file(tmp_path, "*.rows").stat().st_size > 128
    del store
    gc.collect()
    assert one_file(tmp_path, "*.rows").stat().st_size <= 128


def test_the_reader_is_what_travels(tmp_path: Path) -> None:
    with filled(tmp_path, 1) as store:
        assert pickle.loads(pickle.dumps(store.reader)).folder == store.folder


STRANGE = [
    "UPDATE shards SET read_to = 'x'",
    "UPDATE journals SET read_to = 'x'",
    "UPDATE meta SET value = printf('%.5000d', 7)",
    "ALTER TABLE shards ADD COLUMN more",
    "ALTER TABLE samples RENAME COLUMN row TO place",
    "CREATE TRIGGER more AFTER INSERT ON samples BEGIN SELECT RAISE(ABORT, 'no'); END",
    "DROP TABLE samples; CREATE TABLE samples (x)",
]


@pytest.mark.parametrize("statement", STRANGE)
def test_a_rebuild_repairs_whatever_an_opening_refuses(tmp_path: Path, statement: str) -> None:
    with filled(tmp_path, 3) as store:
        store.bury([key(7)], reason="r", attempts=1)
    connection = sqlite3.connect(tmp_path / "index.sqlite")
    connection.executescript(statement)
    connection.close()
    with pytest.raises(CacheCorrupt, match=r"rebuild=True.*SA303"):
        Store.open(tmp_path)
    with Store.open(tmp_path, byte_budget=BUDGET, rebuild=True) as store:
        assert [store.get(key(i)) for i in range(3)] == [image(i) for i in range(3)]
        assert list(store.tombstones([key(7)])) == [key(7)]
        assert store.put([sample(5)]) == 1
    Store.open(tmp_path).close()


def test_a_rebuild_looks_at_the_whole_file(tmp_path: Path) -> None:
    """A page that neither opening nor emptying the tables would have read."""
    with filled(tmp_path, 200) as store:
        store.bury([key(1000 + i) for i in range(300)], reason="r", attempts=1)
    path = tmp_path / "index.sqlite"
    data = path.read_bytes()
    at = data.rfind(b"r", 0, len(data) - 20)
    path.write_bytes(data[: at // 4096 * 4096] + b"\x77" * 4096 + data[at // 4096 * 4096 + 4096 :])
    with Store.open(tmp_path, byte_budget=BUDGET, rebuild=True) as store:
        assert store.stats().samples == 200
        assert store.stats().tombstones == 300
    assert (tmp_path / "index.sqlite.damaged").exists()


def test_provenance_that_is_deeper_than_any_is_told(tmp_path: Path) -> None:
    with filled(tmp_path, 1) as store:
        store._session().index.execute("UPDATE samples SET own = ?", ("[" * 100_000,))
        with pytest.raises(CacheCorrupt, match="SA303"):
            store.provenance(key(0))


@pytest.mark.parametrize("bad", ["k" * 16, b"short", 7, None])
def test_what_is_no_key_is_told_everywhere(tmp_path: Path, bad: Any) -> None:
    with filled(tmp_path, 1) as store:
        asks = [lambda: store.verdicts("g", [bad]), lambda: store.tombstones([bad])]
        for ask in [*asks, lambda: store.resolve([key(0), bad]), lambda: store.provenance(bad)]:
            with pytest.raises(CacheError, match=r"must be 16 bytes.*SA308"):
                ask()
        assert store.get(key(0)) == image(0)


def test_what_is_used_is_what_the_budget_limits(tmp_path: Path) -> None:
    with filled(tmp_path, 3) as store:
        assert store.used() == store.stats().size > 3 * 64


def test_a_store_whose_folder_is_gone_is_let_go_quietly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store.open(tmp_path / "cache", byte_budget=BUDGET)
    store.put([sample(0)])
    child = multiprocessing.get_context("fork").Process(target=int)  # closes the index
    child.start()
    child.join()
    shutil.rmtree(tmp_path / "cache")
    del store
    gc.collect()
    assert capsys.readouterr().err == ""
