from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest

from lightning_synthaug.cli.exports.webdataset import write_webdataset
from tests.unit.cli.exports.some import some
from tests.unit.store.samples import image, key


# WebDataset leaves the last tar to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_webdataset_reads_images_labels_and_provenance(tmp_path: Path) -> None:
    import webdataset

    assert write_webdataset(tmp_path, some(5), most=2) == 5
    tars = sorted(tmp_path.iterdir())
    assert [path.name for path in tars] == [f"shard-{n:06d}.tar" for n in range(3)]
    urls = [str(path) for path in tars]
    data = webdataset.WebDataset(urls, shardshuffle=False).decode("rgb8")
    samples = list(data)
    gc.collect()  # here, where the warning is expected
    assert [sample["__key__"] for sample in samples] == [key(n).hex() for n in range(5)]
    for number, sample in enumerate(samples):
        assert np.array_equal(sample["png"][..., 0], image(number)["image"])
        assert sample["cls"] == number % 2
        assert sample["json"]["provenance"]["number"] == number


def test_tars_are_finished_by_size_and_the_same_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_webdataset(tmp_path / name, some(3, caption="a"), size=1)
    content = [[p.read_bytes() for p in sorted((tmp_path / n).iterdir())] for n in ("one", "two")]
    assert len(content[0]) == 3
    assert content[0] == content[1]


def test_nothing_makes_no_tar(tmp_path: Path) -> None:
    assert write_webdataset(tmp_path, iter(())) == 0
    assert not list(tmp_path.iterdir())
