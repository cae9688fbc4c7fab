from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.mixing.options import (
    background_devices,
    check_cache,
    check_device,
    check_stop,
    check_weight,
    choose_device,
    refuse_unknown,
)


@pytest.mark.parametrize(
    ("name", "said"),
    [("transfrom", "Did you mean `transform`?"), ("zzz", "The options are transform, pool.")],
)
def test_an_unknown_name_is_answered_with_the_nearest_or_with_all(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match="SA114") as caught:
        refuse_unknown({name: None}, known=["transform", "pool"])
    assert said in str(caught.value)


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:3"])
def test_devices_are_taken_whether_they_are_there_or_not(device: str) -> None:
    check_device(device)


@pytest.mark.parametrize("device", ["gpu", "", 0, None])
def test_other_devices_are_refused(device: object) -> None:
    with pytest.raises(ConfigError, match=r"`device` must be 'auto' or the name.*SA114"):
        check_device(device)


def test_several_devices_are_for_several_processes() -> None:
    check_device(["cpu", "cuda:1"], several=True)
    check_device(["cuda:1"])
    assert choose_device(["cpu"]) == "cpu"
    for device in ["cpu", "cuda:1"], [], ["cpu", 3]:
        with pytest.raises(ConfigError, match=r"only fill=\"background\" takes a list.*SA114"):
            check_device(device)


@pytest.mark.parametrize(
    ("gpus", "ranks", "current", "chosen"),
    [
        (0, 1, None, "cpu"),
        (1, 1, None, "cuda:0"),  # trained on the CPU
        (1, 1, 0, "cpu"),
        (2, 1, 1, "cuda:0"),
        (4, 2, 1, "cuda:2"),
        (4, 4, 0, "cpu"),
    ],
)
def test_a_gpu_that_nobody_trains_on_makes_samples(
    monkeypatch: pytest.MonkeyPatch, gpus: int, ranks: int, current: int | None, chosen: str
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: current is not None)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: current)
    assert background_devices("auto", ranks=ranks) == [chosen]
    assert background_devices(["cpu", "cpu"], ranks=ranks) == ["cpu", "cpu"]
    assert background_devices("cpu", ranks=ranks) == ["cpu"]


@pytest.mark.parametrize("cache", [None, "runs", "~/x", Path("runs"), "C:/runs"])
def test_folders_are_taken(cache: object) -> None:
    check_cache(cache)


@pytest.mark.parametrize("cache", [3, ["runs"], "s3://bucket/cache", "a\0b", "runs/" + 300 * "a"])
def test_other_places_are_refused(cache: object) -> None:
    with pytest.raises(ConfigError, match=r"`cache` must be the path of a local folder.*SA114"):
        check_cache(cache)


@pytest.mark.parametrize("value", ["x", None, True, -0.1, float("nan"), float("inf")])
def test_weights_are_finite_numbers(value: object) -> None:
    check_weight("loss_weight", 0)
    with pytest.raises(ConfigError, match=r"`loss_weight` must be a number >= 0.*SA114"):
        check_weight("loss_weight", value)


def test_devices_are_chosen_late() -> None:
    import torch

    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert choose_device("auto") == expected
    assert choose_device("mps") == "mps"
    if expected == "cpu":
        with pytest.raises(ConfigError, match=r"`device` must be there, got 'cuda:3'.*SA114"):
            choose_device("cuda:3")


@pytest.mark.parametrize("on_miss", ["wait", "error"])
def test_nobody_waits_for_what_is_made_no_more(on_miss: str) -> None:
    check_stop("lower", on_miss)
    check_stop("stop", "real")
    with pytest.raises(ConfigError, match=r'`on_collapse="stop"` must come with.*SA670'):
        check_stop("stop", on_miss)
