"""`__all__` is exact, in the package and in each of its modules."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import lightning_synthaug
from tests.rules.repository import dotted, modules, shown, tree


def listed_names(module: ast.Module) -> list[str] | None:
    """The literal `__all__` of a module, None when it has none."""
    for node in module.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(t, ast.Name) and t.id == "__all__" for t in targets):
            value = getattr(node, "value", None)
            assert isinstance(value, ast.List | ast.Tuple), "`__all__` must be a literal"
            return [ast.literal_eval(element) for element in value.elts]
    return None


def public_definitions(module: ast.Module) -> set[str]:
    """Public functions and classes that a module defines at its top."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {n.name for n in module.body if isinstance(n, kinds) and not n.name.startswith("_")}


@pytest.mark.parametrize("name", sorted(lightning_synthaug.__all__))
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(lightning_synthaug, name) is not None


def test_the_package_lists_each_name_once() -> None:
    assert len(set(lightning_synthaug.__all__)) == len(lightning_synthaug.__all__)
    assert set(lightning_synthaug.__all__) <= set(dir(lightning_synthaug))


@pytest.mark.parametrize("name", ["no_such_name", "__no_such_dunder__"])
def test_an_unknown_name_is_an_attribute_error(name: str) -> None:
    with pytest.raises(AttributeError, match=name):
        getattr(lightning_synthaug, name)


@pytest.mark.parametrize("path", modules(), ids=shown)
def test_each_module_lists_what_it_defines(path: Path) -> None:
    listed, defined = listed_names(tree(path)), public_definitions(tree(path))
    assert defined <= set(listed or []), f"not in `__all__`: {sorted(defined - set(listed or []))}"
    module = importlib.import_module(dotted(path))
    missing = [name for name in listed or [] if not hasattr(module, name)]
    assert not missing, f"in `__all__` but not defined: {missing}"
