from __future__ import annotations

import inspect
from typing import Any

import pytest

from lightning_synthaug.errors import ConfigError, GeneratorNotFound
from lightning_synthaug.generators import gates, registry
from lightning_synthaug.generators.gates import registry as gate_registry
from lightning_synthaug.trainer.class_names import (
    known_names,
    refuse_unknown,
    require,
    write_out,
)
from tests.helpers.traced import Tracer


def test_short_names_are_schedules_generators_gates_and_embeddings() -> None:
    names = known_names()
    assert names["TorchGenerator"] == "lightning_synthaug.TorchGenerator"
    assert names["folder"].endswith(".FolderGenerator")
    assert {"Linear", "Steps", "Constant", "torch"} <= set(names)
    assert names["HashedNgrams"] == "lightning_synthaug.generators.gates.embeddings.HashedNgrams"
    assert {"ValidText", "ScoreGate"} <= set(names)
    assert not {"Generator", "Schedule", "Gate", "Embedding", "SynthAug", "Recipe"} & set(names)


def test_names_are_written_out_at_any_depth() -> None:
    inner = {"class_path": "folder", "init_args": {"folder": "x"}}
    given = {"a": [{"class_path": "Constant", "init_args": {"value": 0.3}}], "b": {"c": inner}}
    out: Any = write_out(given, "", "it")
    assert out["a"][0]["class_path"] == "lightning_synthaug.Constant"
    assert out["b"]["c"]["class_path"].startswith("lightning_synthaug.generators.")
    assert out["b"]["c"]["init_args"] == {"folder": "x"}
    assert inner["class_path"] == "folder"  # the user's dict stays as it is
    live = Tracer()
    assert write_out({"x": live, "y": {"class_path": "MyOwn"}}, "", "it") == {
        "x": live,
        "y": {"class_path": "MyOwn"},
    }


def test_a_registered_name_is_found_and_a_blocked_one_refused() -> None:
    registry.register("tracer-of-this-test", Tracer)
    try:
        spec = {"class_path": "tracer-of-this-test"}
        assert write_out(spec, "source", "it") == {"class_path": "tests.helpers.traced.Tracer"}
        registry.block("tracer-of-this-test")
        with pytest.raises(GeneratorNotFound, match="SA404"):
            write_out(spec, "source", "it")
    finally:
        registry.block("tracer-of-this-test", blocked=False)
        registry.unregister("tracer-of-this-test")


def test_a_gate_is_found_by_its_name_unless_a_generator_has_it() -> None:
    gates.register("both-of-this-test", gates.ValidImage)
    try:
        spec = {"class_path": "both-of-this-test", "init_args": {"size": True}}
        path = "lightning_synthaug.generators.gates.valid_image.ValidImage"
        assert write_out(spec, "gates[0]", "it") == {**spec, "class_path": path}
        registry.register("both-of-this-test", Tracer)
        assert write_out({"class_path": "both-of-this-test"}, "source", "it") == {
            "class_path": "tests.helpers.traced.Tracer"
        }
    finally:
        gate_registry.unregister("both-of-this-test")
        registry.unregister("both-of-this-test")


LINEAR = "lightning_synthaug.Linear"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"class_path": LINEAR, "init_args": {"stat": 0}}, r"`ratio\.stat` in it must be one of"),
        ({"class_path": LINEAR, "init_args": {"stat": 0}}, r"arguments of Linear: start, end"),
        ({"class_path": LINEAR, "init_args": {"stat": 0}}, r"Did you mean 'start'\?"),
        ({"class_path": LINEAR, "init_args": {"start": 0}}, r"`ratio\.end` in it must be given"),
        ({"class_path": LINEAR, "args": {}}, r"`ratio\.args` in it .*keys class_path, init_args"),
        ({"class_path": "no.such.Thing"}, r"`ratio\.class_path` .*got 'no\.such\.Thing' \(No mod"),
        ({"class_path": "math.nothing"}, r"`ratio\.class_path` .*names Constant, Cosine"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=rf"{says}.*SA720"):
        write_out(given, "ratio", "it")


def test_arguments_that_a_class_hands_on_are_left_to_the_parser() -> None:
    spec = {"class_path": "lightning_synthaug.generators.create", "init_args": {"folder": "x"}}
    assert write_out(spec, "source", "it") == spec


def test_keys() -> None:
    refuse_unknown(["a"], ["a", "b"], "", "it")
    with pytest.raises(ConfigError, match=r"`c` in it must be one of the keys a, b, got 'c'"):
        refuse_unknown(["a", "c"], ["a", "b"], "", "it")
    parameters = inspect.signature(lambda a, b=1, *c, **d: None).parameters.values()
    require({"a": 0}, parameters, "", "it")
    with pytest.raises(ConfigError, match=r"`x\.a` in it must be given, got only \['a', 'b'\]"):
        require({"a": None, "b": 0}, parameters, "x", "it")
