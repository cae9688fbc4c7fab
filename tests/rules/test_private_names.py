"""Lightning's private names are known to one module, which checks them; no other one touches them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from lightning_synthaug.trainer.hooks import NEEDED
from tests.rules.repository import PACKAGE, modules, shown, tree

HOOKS = PACKAGE / "trainer" / "hooks.py"

#: What a trainer and what hangs on it are called; a private name after one of them is Lightning's.
THEIRS = {
    "trainer", "_trainer", "fit_loop", "epoch_loop", "loop", "strategy", "lightning_module", "pl_module", "module",
}  # fmt: skip
PRIVATE = {name for path in NEEDED for name in path.split(".") if name.startswith("_")}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def chain(node: ast.expr) -> list[str]:
    """Names of `a.b.c`, in order; what is not a name is left out."""
    if isinstance(node, ast.Attribute):
        return [*chain(node.value), node.attr]
    return [node.id] if isinstance(node, ast.Name) else []


def touches(module: ast.Module) -> list[str]:
    """Private names of Lightning that a module reads or writes, as attributes or by `getattr` and the like."""
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute):
            owner, name = chain(node.value), node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("attr"):
            if len(node.args) < 2 or not isinstance(node.args[1], ast.Constant):
                continue
            owner, name = chain(node.args[0]), str(node.args[1].value)
        else:
            continue
        mine = owner == ["self"] and name not in PRIVATE
        if not mine and (name in PRIVATE or (is_private(name) and THEIRS & {*owner, name})):
            found.append(f"line {node.lineno}: {'.'.join([*owner, name])}")
    return found


@pytest.mark.parametrize("path", [p for p in modules() if p != HOOKS], ids=shown)
def test_only_the_hooks_touch_private_names_of_lightning(path: Path) -> None:
    assert not touches(tree(path)), "reach it through a function of trainer/hooks.py"


def test_every_private_name_that_the_hooks_touch_is_checked() -> None:
    touched = {line.rsplit(".", 1)[-1] for line in touches(tree(HOOKS))}
    assert touched == PRIVATE


@pytest.mark.parametrize(
    "code",
    [
        "trainer.fit_loop._data_source",
        "self._trainer._data_connector.x()",
        "loop._combined_loader = None",
        "getattr(self.trainer.strategy, '_timeout', None)",
        "getattr(owner, '_trainer', None)",
        "setattr(x, '_data_source', y)",
    ],
)
def test_the_rule_sees_a_private_name(code: str) -> None:
    assert touches(ast.parse(code))


@pytest.mark.parametrize("code", ["self._trainer.max_steps", "trainer.fit_loop.x", "self._loop"])
def test_the_rule_leaves_public_names_alone(code: str) -> None:
    assert not touches(ast.parse(code))
