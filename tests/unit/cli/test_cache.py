from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lightning_synthaug.cli.main import build_parser, find_commands, main
from tests.unit.store.samples import shards

ACTIONS = ["ls", "stat", "verify", "rebuild", "evict", "compact", "merge", "export"]


@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_explains_itself(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["cache", action, "--help"])
    assert done.value.code == 0
    assert f"usage: synthaug cache {action}" in capsys.readouterr().out


def test_an_action_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["cache"])
    assert done.value.code == 2
    assert "action" in capsys.readouterr().err
    args = build_parser(find_commands()).parse_args(["cache", "ls", "here"])
    assert args.folder == "here"


def test_the_default_cache_is_that_of_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shards(tmp_path / "mine", range(3))
    monkeypatch.setenv("LIGHTNING_SYNTHAUG_CACHE", str(tmp_path / "mine"))
    assert main(["cache", "ls"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == ["gan", "3"]


def test_a_named_cache_is_looked_at_without_torch(tmp_path: Path) -> None:
    shards(tmp_path, range(3))
    code = (
        "import sys; from lightning_synthaug.cli.main import main; "
        f"main(['cache', 'ls', {str(tmp_path)!r}]); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120, check=False).returncode == 0
