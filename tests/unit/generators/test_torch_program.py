from __future__ import annotations

import io
import json
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.generators.torch_program import load_program


class Payload:
    """What a hostile file would hold: an object that runs code as it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("pwned",))


def pickled() -> bytes:
    buffer = io.BytesIO()
    torch.save({"x": Payload()}, buffer)
    return buffer.getvalue()


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 6)
        self.register_buffer("shift", torch.ones(6))
        self.plain = torch.full((6,), 2.0)

    def forward(self, z: Tensor) -> Tensor:
        return self.layer(z) + self.shift + self.plain


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("program") / "net.pt2"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(Net().eval(), (torch.zeros(2, 4),)), path)
    return path


def rewritten(
    program: Path, out: Path, change: Callable[[str, bytes], bytes], **more: bytes
) -> Path:
    """Copy an archive, its parts changed and some added."""
    with zipfile.ZipFile(program) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        for name, content in more.items():
            new.writestr(name, content)
    return out


def config(**payload: Any) -> Callable[[str, bytes], bytes]:
    """Change what the configuration of the weights says of each payload."""

    def change(name: str, content: bytes) -> bytes:
        if not name.endswith("weights_config.json"):
            return content
        table = json.loads(content)
        for entry in table["config"].values():
            entry.update(payload)
        return json.dumps(table).encode()

    return change


def same(_: str, content: bytes) -> bytes:
    return content


def test_a_program_runs(program: Path) -> None:
    assert load_program(program, "cpu")(torch.zeros(2, 4)).shape == (2, 6)


def test_torchscript_runs(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.trace(Net().eval(), torch.zeros(2, 4)).save(str(tmp_path / "net.pt"))
    assert load_program(tmp_path / "net.pt", "cpu")(torch.zeros(2, 4)).shape == (2, 6)


@pytest.mark.parametrize(
    ("change", "more", "reason"),
    [
        (lambda n, c: pickled() if n.endswith("model.pt") else c, {}, "holds pickled"),
        (config(use_pickle=True), {}, "is pickled"),
        (config(path_name="opaque_obj_0"), {}, "is pickled"),
        (config(path_name="../sample_inputs/model.pt"), {}, "is pickled"),
        (same, {"net/data/weights/model.pt": pickled()}, "holds pickled"),
        (same, {"net/data/constants/custom_obj_0": pickled()}, "holds pickled"),
        (same, {"net/data/aotinductor/model/x.so": b"\x7fELF"}, "or compiled code"),
        (same, {"serialized_state_dict.json": pickled()}, "holds pickled"),
        (same, {"serialized_constants.pt": pickle.dumps(Payload(), 0)}, "holds pickled"),
        (same, {"net/data/sample_inputs/MODEL.pt": b""}, "two parts of the archive"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else None,
)
def test_pickled_code_in_an_archive_is_never_run(
    program: Path,
    tmp_path: Path,
    change: Any,
    more: dict[str, bytes],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = rewritten(program, tmp_path / "net.pt2", change, **more)
    with pytest.raises(GeneratorError, match=rf"{reason}.*SA411"):
        load_program(path, "cpu")
    assert "pwned" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["w.pt", "w.pt2", "w.safetensors"])
def test_a_file_that_is_no_program_needs_a_module(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"nothing of the kind")
    with pytest.raises(
        GeneratorError, match=r"without a `module` must be .*module=MyGenerator.*SA411"
    ):
        load_program(tmp_path / name, "cpu")
