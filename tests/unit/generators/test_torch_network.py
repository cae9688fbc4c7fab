from __future__ import annotations

import functools
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from lightning_synthaug.errors import ConfigError, GeneratorError
from lightning_synthaug.generators.torch_network import (
    describe_module,
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


@pytest.mark.parametrize(
    "wrap", [lambda state: state, lambda state: {"state_dict": state, "epoch": 3}]
)
def test_state_dicts_are_read_bare_and_wrapped(tmp_path: Path, wrap: Any) -> None:
    torch.save(wrap(nn.Linear(2, 2).state_dict()), tmp_path / "w.pth")
    assert load(tmp_path / "w.pth", nn.Linear(2, 2))


def test_keys_that_do_not_fit_are_listed(weights: Path) -> None:
    with pytest.raises(GeneratorError) as caught:
        load(weights, nn.Sequential(nn.Linear(2, 2)))
    assert "missing in the file:       0.bias, 0.weight\n" in str(caught.value)
    assert "unexpected in the file:    bias, weight\n" in str(caught.value)
    with pytest.raises(GeneratorError, match=r"weight: module \[2, 3\], file \[2, 2\].*\n.*SA412"):
        load(weights, nn.Linear(3, 2))


def test_long_lists_are_cut(weights: Path) -> None:
    with pytest.raises(GeneratorError, match=r"2.weight, 3.bias, 3.weight and 2 more"):
        load(weights, nn.Sequential(*(nn.Linear(2, 2) for _ in range(5))))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match=r'existing file, got ".*none.pt".*SA411'):
        load(tmp_path / "none.pt", nn.Linear(2, 2))


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
        load(tmp_path / name, nn.Linear(2, 2))
    assert "pwned" not in capsys.readouterr().out


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "w.pt")
    with pytest.raises(GeneratorError, match=r"state dict of named tensors, got list.*SA411"):
        load(tmp_path / "w.pt", nn.Linear(2, 2))


@pytest.mark.parametrize("name", ["w.pt", "w.pt2", "w.safetensors"])
def test_a_file_that_is_no_program_needs_a_module(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises(
        GeneratorError, match=r"without a `module` must be .*module=MyGenerator.*SA411"
    ):
        load(tmp_path / name, None)


@pytest.mark.parametrize(
    ("module", "match"),
    [
        ("torch.nn.Linear", 'must read "package.module:Name", got .torch.nn.Linear.*SA415'),
        ("no_such_package:G", "got ModuleNotFoundError: .*no_such_package.*SA415"),
        ("torch.nn:NoSuch", "got AttributeError: .*NoSuch.*SA415"),
        (dict, "must be or make a torch.nn.Module, got dict.*SA415"),
    ],
)
def test_what_makes_no_module_is_refused(weights: Path, module: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        load(weights, module)


def test_import_object_follows_dots() -> None:
    assert import_object("torch.nn:Linear.forward") is nn.Linear.forward


def test_descriptions_tell_modules_apart() -> None:
    described = {
        describe_module(module)
        for module in (
            None,
            "torch.nn:Linear",
            nn.Linear,
            functools.partial(nn.Conv2d, 1),
            nn.Linear(2, 2),
            nn.Linear(2, 3),
        )
    }
    assert len(described) == 6
    assert describe_module(nn.Linear) == "torch.nn.modules.linear:Linear"


def test_randomness_is_put_back() -> None:
    before = torch.random.get_rng_state()
    with own_randomness("cpu"):
        first = torch.rand(3)
    with own_randomness("cpu"):
        assert torch.equal(first, torch.rand(3))
    assert torch.equal(before, torch.random.get_rng_state())
