from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.generators.memory import out_of_memory
from lightning_synthaug.generators.torch_network import (
    call_network,
    import_object,
    load_network,
    own_randomness,
)


def load(weights: Path, module: Any, **module_args: Any) -> Any:
    return load_network(weights, module=module, module_args=module_args, device="cpu")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "w.safetensors"
    save_file({"weight": torch.eye(2), "bias": torch.ones(2)}, path)
    return path


@pytest.mark.parametrize("module", [nn.Linear, "torch.nn:Linear"])
def test_a_class_or_import_path_is_made_and_filled(weights: Path, module: Any) -> None:
    network = load(weights, module, in_features=2, out_features=2)
    assert network(torch.tensor([[1.0, 2.0]])).tolist() == [[2.0, 3.0]]
    assert not network.training


def test_the_users_own_module_is_copied(weights: Path) -> None:
    mine = nn.Linear(2, 2).train()
    before = mine.weight.clone()
    load(weights, mine)
    assert torch.equal(mine.weight, before)
    assert mine.training


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match=r'existing file, got ".*none.pt".*SA411'):
        load(tmp_path / "none.pt", nn.Linear(2, 2))


@pytest.mark.parametrize(
    ("module", "match"),
    [
        ("torch.nn.Linear", 'must read "package.module:Name", got .torch.nn.Linear.*SA415'),
        ("no_such_package:G", "got ModuleNotFoundError: .*no_such_package.*SA415"),
        ("torch.nn:NoSuch", "got AttributeError: .*NoSuch.*SA415"),
        (dict, "must be or make a torch.nn.Module, got dict.*SA415"),
        ("math:pi", "made by calling it .*, got TypeError .*SA415"),
        ("torch.nn:Linear", "made by calling it .*, got TypeError .*missing.*SA415"),
    ],
)
def test_what_makes_no_module_is_refused(weights: Path, module: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        load(weights, module)


def test_import_object_follows_dots() -> None:
    assert import_object("torch.nn:Linear.forward") is nn.Linear.forward


def test_randomness_is_put_back() -> None:
    before = torch.random.get_rng_state()
    with own_randomness("cpu"):
        first = torch.rand(3)
    with own_randomness("cpu"):
        assert torch.equal(first, torch.rand(3))
    assert torch.equal(before, torch.random.get_rng_state())
    with own_randomness("cpu", 5):
        assert not torch.equal(first, torch.rand(3))


def test_no_other_device_is_reseeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training may run on another card while this one generates."""

    def reseeded(*_: object) -> None:
        raise AssertionError("another device was reseeded")

    monkeypatch.setattr(torch.cuda, "manual_seed_all", reseeded)
    with own_randomness("cpu"):
        torch.rand(1)


def test_of_several_cards_only_the_one_named_is_reseeded(monkeypatch: pytest.MonkeyPatch) -> None:
    cards = (torch.Generator(), torch.Generator())
    monkeypatch.setattr(torch.cuda, "init", lambda: None)
    monkeypatch.setattr(torch.cuda, "default_generators", cards)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    before = [card.get_state() for card in cards]
    for device, mine in (("cuda:1", 1), ("cuda", 0)):
        with own_randomness(device, 3):
            assert cards[mine].initial_seed() == 3
            assert torch.equal(cards[1 - mine].get_state(), before[1 - mine])
            torch.rand(2, generator=cards[mine])
        assert all(
            torch.equal(card.get_state(), state) for card, state in zip(cards, before, strict=True)
        )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")
def test_randomness_of_a_card_is_put_back() -> None:
    before = torch.cuda.get_rng_state()
    with own_randomness("cuda"):
        first = torch.rand(3, device="cuda")
    with own_randomness("cuda:0"):
        assert torch.equal(first, torch.rand(3, device="cuda"))
    assert torch.equal(before, torch.cuda.get_rng_state())


class Large(nn.Module):
    """A network that takes more memory than any machine has for more than so many rows."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        if z.shape[0] > self.most:
            return torch.zeros([1 << 50])  # 4 PiB
        return z


@pytest.mark.parametrize("program", [False, True])
def test_a_lack_of_memory_is_not_taken_for_a_fault_of_the_network(program: bool) -> None:
    network = torch.jit.script(Large(4)) if program else Large(4)
    assert call_network(network, [torch.zeros(4, 1)], name="large").shape == (4, 1)
    with pytest.raises(RuntimeError) as raised:
        call_network(network, [torch.zeros(5, 1)], name="large")
    assert out_of_memory(raised.value)
