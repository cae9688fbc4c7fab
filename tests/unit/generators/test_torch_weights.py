from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.generators.torch_weights import fit_weights, load_pickled, read_weights


def filled(path: Path, network: nn.Module) -> nn.Module:
    fit_weights(network, read_weights(path), path)
    return network


def linear(value: float) -> dict[str, torch.Tensor]:
    return {"weight": torch.full((2, 2), value), "bias": torch.full((2,), value)}


def under(prefix: str, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {prefix + key: value for key, value in state.items()}


@pytest.mark.parametrize(
    "content",
    [
        linear(3),
        {"state_dict": linear(3), "epoch": 3, "optimizer_states": [{"state": {0: torch.ones(1)}}]},
        {
            "state_dict": {
                **under("generator.", linear(3)),
                **under("critic.", {"w": torch.ones(1)}),
            }
        },
        {"model": linear(3)},
        {"g": under("module.", linear(3)), "d": {"weight": torch.ones(1)}},
    ],
    ids=["bare", "lightning", "prefixed", "nested", "nested and prefixed"],
)
def test_the_modules_names_are_found_under_any_prefix(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "w.pth")
    assert filled(tmp_path / "w.pth", nn.Linear(2, 2)).bias.tolist() == [3, 3]


def test_two_networks_of_one_form_are_not_guessed_between(tmp_path: Path) -> None:
    torch.save({"g": linear(1), "g_ema": linear(2)}, tmp_path / "w.pt")
    with pytest.raises(
        GeneratorError, match=r"must be there once, got them under \['g\.', 'g_ema\.'\].*SA412"
    ):
        filled(tmp_path / "w.pt", nn.Linear(2, 2))


def test_a_prefix_does_not_hide_what_is_left_over(tmp_path: Path) -> None:
    torch.save({"g": {**linear(1), "extra": torch.ones(1)}}, tmp_path / "w.pt")
    with pytest.raises(
        GeneratorError, match=r"missing in the file:       none\n.*file:    extra\n"
    ):
        filled(tmp_path / "w.pt", nn.Linear(2, 2))


def test_names_that_do_not_fit_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file(linear(1), path)
    with pytest.raises(GeneratorError) as caught:
        filled(path, nn.Sequential(nn.Linear(2, 2)))
    assert "missing in the file:       0.bias, 0.weight\n" in str(caught.value)
    assert "unexpected in the file:    bias, weight\n" in str(caught.value)
    with pytest.raises(GeneratorError, match=r"weight: module \[2, 3\], file \[2, 2\].*\n.*SA412"):
        filled(path, nn.Linear(3, 2))
    with pytest.raises(GeneratorError, match=r"2.weight, 3.bias, 3.weight and 2 more"):
        filled(path, nn.Sequential(*(nn.Linear(2, 2) for _ in range(5))))


class Payload:
    """What a hostile file would hold: an object that runs code as it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("pwned",))


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors", "w.pth"])
def test_pickled_code_is_never_run(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(pickle.dumps({"weight": Payload()}))
    with pytest.raises(GeneratorError, match=r"readable .*SA411"):
        read_weights(tmp_path / name)
    assert "pwned" not in capsys.readouterr().out


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}])
def test_a_file_without_named_tensors_is_refused(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(GeneratorError, match=r"state dict of named tensors, got \w+.*SA411"):
        read_weights(tmp_path / "w.pt")


@pytest.mark.parametrize("version", ["2.1.0", "2.5.1+cu121"])
def test_versions_of_torch_that_break_their_promise_read_no_pickles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    torch.save(linear(1), tmp_path / "w.pt")
    save_file(linear(1), tmp_path / "w.safetensors")
    assert load_pickled(tmp_path / "w.pt")
    monkeypatch.setattr(torch, "__version__", version)
    with pytest.raises(GeneratorError, match=r"CVE-2025-32434.*update to torch 2.6.*SA411"):
        read_weights(tmp_path / "w.pt")
    assert read_weights(tmp_path / "w.safetensors")
