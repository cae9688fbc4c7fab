"""The arguments of `TorchGenerator`: what each may be, and how it is read."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators.torch_identity import describe_module, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_synthaug.generators.torch_generator import TorchGenerator

__all__ = ["check_settings", "class_index", "latent_shape", "whole"]

_COMPILE_MODES = ("default", "reduce-overhead", "max-autotune")
_LAYOUTS = ("CHW", "HWC", "HW", "flat", "T")
_DTYPES = {True: ("float32", "int16"), False: ("uint8", "float32")}


def check_settings(generator: TorchGenerator) -> None:
    """Check every argument by itself and against the others.

    Args:
        generator: With the arguments as its attributes.

    Raises:
        ConfigError: An argument lies outside its range, or two contradict each other.
    """
    checks = (
        (
            "latent",
            generator.latent,
            latent_shape(generator.latent) != (),
            "a whole number or several, sizes of at least 1",
        ),
        (
            "batch_size",
            generator.batch_size,
            _size(generator.batch_size) > 0,
            'a whole number of at least 1, or "auto"',
        ),
        (
            "compile_mode",
            generator.compile_mode,
            generator.compile_mode in (None, *_COMPILE_MODES),
            " or ".join(f'"{mode}"' for mode in _COMPILE_MODES) + ", or None",
        ),
        (
            "noise",
            generator.noise,
            generator.noise in ("normal", "uniform"),
            '"normal" or "uniform"',
        ),
        (
            "dtype",
            generator.dtype,
            generator.dtype in _DTYPES[generator.layout == "T"],
            '"uint8" or "float32", of sounds "float32" or "int16"',
        ),
        (
            "rate",
            generator.rate,
            (_size(generator.rate) > 0) if generator.layout == "T" else generator.rate is None,
            'a whole number for layout "T", and None for others',
        ),
        (
            "layout",
            generator.layout,
            generator.layout in _LAYOUTS,
            " or ".join(f'"{x}"' for x in _LAYOUTS),
        ),
        (
            "output_range",
            generator.output_range,
            _rises(generator.output_range),
            "two numbers, low then high",
        ),
    )
    for argument, value, holds, wanted in checks:
        if not holds:
            _wrong(f"`{argument}` must be {wanted}, got {value!r}", "Correct it.")
    if (generator.layout == "flat") != (generator.image_size is not None):
        got = f"layout={generator.layout!r} and image_size={generator.image_size!r}"
        _wrong(
            f'`image_size` must be given for layout "flat" and only there, got {got}',
            'Write layout="flat", image_size=(rows, columns), or leave both out.',
        )
    size = generator.image_size
    if size is not None and (isinstance(size, int) or len(latent_shape(size)) not in (2, 3)):
        _wrong(
            "`image_size` must be (rows, columns) or (channels, rows, columns), got "
            f"{generator.image_size!r}",
            "Give two or three sizes.",
        )
    _check_classes(generator)
    _check_trust(generator)
    describe_module(generator.module)
    if not isinstance(generator.module_args, Mapping | None):
        _wrong(
            f"`module_args` must be a mapping, got {generator.module_args!r}",
            "Write {argument: value}.",
        )
    plain(generator.module_args)


def _check_trust(generator: TorchGenerator) -> None:
    """Insist that a file which is a program is one that the user knows."""
    if generator.module is not None or generator.trust_program:
        return
    message = (
        "`weights` without a `module` is a program that can read and write your files, and must be "
        f'trusted, got trust_program={generator.trust_program!r} for "{generator.weights}". '
        "If it holds weights, pass the network: module=MyGenerator (safetensors are the safe way); "
        "if you know who made the program: trust_program=True."
    )
    raise ConfigError("SA418", message)


def _check_classes(generator: TorchGenerator) -> None:
    """Check that classes and their input go together."""
    if generator.label_input not in ("index", "onehot", "none"):
        _wrong(
            f'`label_input` must be "index", "onehot" or "none", got {generator.label_input!r}',
            "Say how the network takes the class.",
        )
    if (generator.classes is None) != (generator.label_input == "none"):
        got = f"classes={generator.classes!r} and label_input={generator.label_input!r}"
        _wrong(
            f'`classes` must be given exactly when `label_input` is not "none", got {got}',
            "Write classes=10 for labels 0..9, or classes=[...] with the label of each class "
            "index.",
        )
    if generator.classes is not None and not class_index(generator.classes):
        _wrong(
            "`classes` must be a count of at least 1, or distinct whole labels, got "
            f"{generator.classes!r}",
            "Name each label once, in the order of the network's class indices.",
        )
    names = generator.class_names
    if names is not None and (
        isinstance(names, str) or len(names) != len(class_index(generator.classes))
    ):
        _wrong(
            f"`class_names` must name each class once, got {names!r} for "
            f"classes={generator.classes!r}",
            "Give one name a class, in the order of `classes`.",
        )
    if isinstance(generator.classes, set | frozenset):
        _wrong(
            f"`classes` must have an order, got {generator.classes!r}",
            "Give a list: the label of class index 0 first.",
        )


def _wrong(what: str, todo: str) -> NoReturn:
    """Refuse an argument."""
    raise ConfigError("SA410", f"{what}. {todo}")


def _rises(edges: object) -> bool:
    """Tell whether this is a low and a high number."""
    return (
        isinstance(edges, tuple | list)
        and len(edges) == 2
        and all(isinstance(edge, int | float) and np.isfinite(edge) for edge in edges)
        and edges[0] < edges[1]
    )


def latent_shape(latent: int | Sequence[int]) -> tuple[int, ...]:
    """Write the latent's size as a shape.

    Args:
        latent: Size or shape.

    Returns:
        The shape; empty where these are no sizes of at least 1.

    Example:
        >>> latent_shape(5), latent_shape([5, 1]), latent_shape(2.5)
        ((5,), (5, 1), ())
    """
    sizes = latent if isinstance(latent, list | tuple) else (latent,)
    shape = tuple(map(_size, sizes))
    return shape if all(shape) else ()


def class_index(classes: int | Sequence[int] | None) -> dict[int, int]:
    """Map each label to its class index.

    Args:
        classes: A count, the label of each index, or None.

    Returns:
        Labels in the order of their indices; empty without classes, and where these are no count
        of at least 1 and no distinct whole labels.

    Example:
        >>> class_index([5, 2])
        {5: 0, 2: 1}
    """
    if classes is None or isinstance(classes, str):
        return {}
    if not isinstance(classes, Iterable):
        return {label: label for label in range(_size(classes))}
    labels = [whole(label) for label in classes]
    if None in labels or len(set(labels)) < len(labels):
        return {}
    return {int(label or 0): index for index, label in enumerate(labels)}


def whole(value: object) -> int | None:
    """Read a whole number of any kind, numpy's included; a truth value is none.

    Args:
        value: Anything.

    Returns:
        The number, or None.
    """
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        return None
    try:
        return operator.index(value)
    except TypeError:  # a tensor or array of several
        return None


def _size(value: object) -> int:
    """Read a whole number of at least 1; 0 for anything else."""
    return max(0, whole(value) or 0)
