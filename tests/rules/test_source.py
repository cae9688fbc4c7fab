"""What no file may hold: paths of a machine, unsafe loading, more than one idea."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest

from tests.rules.repository import ROOT, files, shown, tree

TESTS = ROOT / "tests"
LONGEST = 300  # lines
HOME = re.compile(r"(?<![\w.:/\])])/(?:home|root|Users|work|farm)/[\w.~-]+")

TEXTS = [
    path
    for path in files()
    if path.suffix in {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".json", ".cfg", ".sh"}
    or path.name in {"Makefile", "run"}
]
SOURCES = [path for path in files(".py") if not path.is_relative_to(TESTS)]


def test_no_file_names_a_place_on_one_machine() -> None:
    places = {str(ROOT), str(Path.home()), sys.prefix} - {"/", sys.base_prefix}
    found = []
    for path in TEXTS:
        text = path.read_text(encoding="utf-8")
        hits = [place for place in places if f"{place}/" in text] + HOME.findall(text)
        found += [f"{shown(path)}: {hit}" for hit in hits]
    assert not found


def test_files_are_short_enough_to_own_one_idea() -> None:
    lengths = {shown(p): len(p.read_text(encoding="utf-8").splitlines()) for p in SOURCES}
    assert not {name: lines for name, lines in lengths.items() if lines > LONGEST}


def unsafe_calls(module: ast.Module) -> list[str]:
    """Calls that run code found in a file."""
    found = []
    for node in ast.walk(module):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        pickled = re.fullmatch(r"(c?pickle|cloudpickle|dill|joblib)\.(loads?|Unpickler)", name)
        torch_load = name == "torch.load" and given.get("weights_only") != "True"
        if pickled or torch_load or given.get("allow_pickle") == "True":
            found.append(f"line {node.lineno}: {name}")
    return found


# File -> why what it unpickles is no file that travels.
UNPICKLED = {
    "lightning_synthaug/filling/spec.py": "what its parent process wrote, handed over in a descriptor without a name"
}


def test_nothing_is_loaded_by_running_it() -> None:
    found = {shown(path): unsafe_calls(tree(path)) for path in SOURCES}
    assert {name: len(calls) for name, calls in found.items() if calls} == dict.fromkeys(
        UNPICKLED, 1
    )


@pytest.mark.parametrize(
    "code",
    [
        "pickle.load(f)",
        "pickle.loads(b)",
        "torch.load(p)",
        "torch.load(p, weights_only=False)",
        "np.load(p, allow_pickle=True)",
        "joblib.load(p)",
    ],
)
def test_the_rule_sees_unsafe_loading(code: str) -> None:
    assert unsafe_calls(ast.parse(code))


@pytest.mark.parametrize(
    "code", ["torch.load(p, weights_only=True)", "np.load(p)", "pickle.dumps(x)"]
)
def test_the_rule_leaves_safe_loading_alone(code: str) -> None:
    assert not unsafe_calls(ast.parse(code))
