"""How many at once: what a generator with given speeds is found to like best."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from lightning_synthaug.filling.sizing import SIZES_NAME, Sizing
from tests.helpers.traced import Tracer


def generator(most: int | None) -> Tracer:
    tracer = Tracer()
    tracer.batch_size, tracer.max_batch_size = 4, most
    return tracer


def search(sizing: Sizing, fastest: int) -> list[int]:
    """Run batches on a device that makes up to so many in the time of one; return the sizes in order."""
    sizes = []
    for call in range(40):
        sizes.append(sizing.size)
        slow = 100.0 if sizes.count(sizing.size) == 1 else 1.0  # the first of a size
        sizing.took(sizing.size, slow * max(1.0, sizing.size / fastest) + 1e-6 * call)
    return list(dict.fromkeys(sizes))


def test_it_doubles_while_that_pays_and_goes_back_once_it_does_not(tmp_path: Path) -> None:
    sizing = Sizing(generator(4096), tmp_path, "cpu")
    assert search(sizing, 32) == [4, 8, 16, 32, 64]
    assert sizing.size == 32
    again = Sizing(generator(4096), tmp_path, "cpu")
    assert search(again, 512) == [32]  # it is not searched for twice


def test_it_ends_at_the_most_and_where_memory_does(tmp_path: Path) -> None:
    sizing = Sizing(generator(20), tmp_path, "cpu")
    assert search(sizing, 10**6) == [4, 8, 16]
    sizing = Sizing(generator(64), tmp_path / "other", "cpu")
    (tmp_path / "other").mkdir()
    for _ in range(3):
        sizing.took(sizing.size, 1.0)
    assert sizing.size == 8
    sizing.halve()
    assert search(sizing, 10**6) == [4]
    assert Sizing(generator(64), tmp_path / "other", "cpu").size == 4


def test_a_generator_that_names_no_most_keeps_its_size(tmp_path: Path) -> None:
    sizing = Sizing(generator(None), tmp_path, "cpu")
    assert search(sizing, 10**6) == [4]
    sizing.halve()
    assert sizing.size == 2
    assert not (tmp_path / SIZES_NAME).exists()


def test_smaller_batches_tell_nothing(tmp_path: Path) -> None:
    sizing = Sizing(generator(64), tmp_path, "cpu")
    for _ in range(10):
        sizing.took(3, 1e-9)
    assert sizing.size == 4


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"traced cpu": "x"}', '{"traced cpu": 1e9}'])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    content = content.replace("traced", generator(None).fingerprint())
    (tmp_path / SIZES_NAME).write_text(content)
    sizing = Sizing(generator(8), tmp_path, "cpu")
    assert search(sizing, 10**6) == [4, 8]
    assert list(json.loads((tmp_path / SIZES_NAME).read_text()).values()) == [8]


@pytest.mark.parametrize("name", ["H100", "A10"])
def test_devices_are_told_apart_by_their_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
    search(Sizing(generator(8), tmp_path, "cuda:1"), 10**6)
    (key,) = json.loads((tmp_path / SIZES_NAME).read_text())
    assert key.endswith(name)


def test_a_small_batch_is_padded_to_little_where_the_size_was_found_by_trying(
    tmp_path: Path,
) -> None:
    fixed, found = Sizing(generator(None), tmp_path, "cpu"), Sizing(generator(64), tmp_path, "cpu")
    search(found, 24)
    assert [fixed.rows(n) for n in (1, 3, 4)] == [4, 4, 4]
    assert [found.rows(n) for n in (1, 2, 3, 9, found.size)] == [1, 2, 4, 16, 32]
