"""The arguments of `TorchGenerator`: what each may be, and how it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from lightning_synthaug.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lightning_synthaug.generators.torch_generator import TorchGenerator

__all__ = ["check_settings", "class_index", "latent_shape", "plain"]

_LAYOUTS = ("CHW", "HWC", "HW", "flat")


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
            min(latent_shape(generator.latent), default=0) >= 1,
            "sizes of at least 1",
        ),
        ("batch_size", generator.batch_size, generator.batch_size >= 1, "at least 1"),
        (
            "noise",
            generator.noise,
            generator.noise in ("normal", "uniform"),
            '"normal" or "uniform"',
        ),
        ("dtype", generator.dtype, generator.dtype in ("uint8", "float32"), '"uint8" or "float32"'),
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
    if generator.image_size is not None and len(generator.image_size) not in (2, 3):
        _wrong(
            "`image_size` must be (rows, columns) or (channels, rows, columns), got "
            f"{generator.image_size!r}",
            "Give two or three sizes.",
        )
    _check_classes(generator)
    _check_trust(generator)


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
    values = list(class_index(generator.classes))
    count = (
        generator.classes if isinstance(generator.classes, int) else len(generator.classes or ())
    )
    if generator.classes is not None and (count < 1 or len(values) != count):
        _wrong(
            "`classes` must be a count of at least 1, or distinct labels, got "
            f"{generator.classes!r}",
            "Name each label once, in the order of the network's class indices.",
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
        The shape.
    """
    return (latent,) if isinstance(latent, int) else tuple(latent)


def class_index(classes: int | Sequence[int] | None) -> dict[int, int]:
    """Map each label to its class index.

    Args:
        classes: A count, the label of each index, or None.

    Returns:
        Labels in the order of their indices; empty without classes.

    Example:
        >>> class_index([5, 2])
        {5: 0, 2: 1}
    """
    if classes is None:
        return {}
    labels = range(classes) if isinstance(classes, int) else classes
    return {int(label): index for index, label in enumerate(labels)}


def plain(value: object) -> Any:
    """Make a module argument fit for JSON.

    Args:
        value: Any value.

    Returns:
        The same for plain values and lists of them, else how it prints.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return repr(value)
