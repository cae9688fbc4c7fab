"""Prompts from templates over class names and attributes, drawn from each request's own seed."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.plan.seeding import child_seed

__all__ = ["Prompts", "listed_values", "named_labels"]

_LABEL: Final = "label"


def listed_values(attributes: Mapping[str, Sequence[str]] | None) -> dict[str, tuple[str, ...]]:
    """List the values of each attribute.

    Args:
        attributes: Values by field of a template; None for none.

    Returns:
        The same, in tuples.

    Raises:
        ConfigError: The values of one are no list of texts (SA490).
    """
    for name, values in (attributes or {}).items():
        if isinstance(values, str) or not all(isinstance(value, str) for value in values):
            message = (
                f"`attributes` must list the texts of each field, got {values!r} for {name!r}. "
                f'Write a list, of one text too: attributes={{"{name}": ["dim"]}}.'
            )
            raise ConfigError("SA490", message)
    return {name: tuple(values) for name, values in (attributes or {}).items()}


def named_labels(names: Sequence[str] | Mapping[int, str] | None) -> dict[int, str]:
    """List class names by label.

    Args:
        names: One for each label from 0 on, or by label; None for none.

    Returns:
        Names by label; empty without any.

    Raises:
        ConfigError: A name is no text, or empty (SA490).
    """
    pairs = names.items() if isinstance(names, Mapping) else enumerate(names or ())
    named = {int(label): name for label, name in pairs}
    if isinstance(names, str) or not all(isinstance(n, str) and n.strip() for n in named.values()):
        message = (
            f"`class_names` must name each label, got {names!r}. "
            'Give a list in the order of the labels, or a dict: class_names={0: "cat", 1: "dog"}.'
        )
        raise ConfigError("SA490", message)
    return named


@final
@dataclass(frozen=True)
class Prompts:
    """What a pipeline is told for each request.

    Attributes:
        templates: Texts with fields in braces: `{label}` for the class name, others for attributes. One of them is
            drawn for each request.
        names: Class name by label.
        attributes: Values of each other field; one is drawn for each request.

    Raises:
        ConfigError: A field of a template is not known, or `{label}` is there without class names (SA490).

    Example:
        >>> prompts = Prompts(("a {size} {label}",), {0: "cat"}, {"size": ("big", "small")})
        >>> prompts.write(0, seed=0), prompts.write(0, seed=1)
        ('a small cat', 'a big cat')
    """

    templates: tuple[str, ...]
    names: Mapping[int, str]
    attributes: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        known = {*self.attributes, *([_LABEL] if self.names else [])}
        for template in self.templates:
            unknown = sorted(_fields(template) - known)
            if unknown == [_LABEL]:
                message = (
                    f"`class_names` must say what {{label}} stands for in `prompt`, got none for {template!r}. "
                    "Give one name for each label, or a prompt without {label}."
                )
                raise ConfigError("SA490", message)
            if unknown:
                message = (
                    f"The fields of `prompt` must be {sorted(known)}, got {unknown} in {template!r}. "
                    'Write {label} for the class name, and list the values of others: attributes={"light": ["dim"]}.'
                )
                raise ConfigError("SA490", message)
            _try(template, dict.fromkeys(known, "text"))
        if not self.templates or not all(self.attributes.values()):
            message = (
                f"`prompt` and each of `attributes` must offer at least one text, got {list(self.templates)} and "
                f"{dict(self.attributes)}. Leave an attribute without values out."
            )
            raise ConfigError("SA490", message)

    @property
    def labelled(self) -> bool:
        """Whether a prompt depends on the label."""
        return any(_LABEL in _fields(template) for template in self.templates)

    def write(self, label: int | None, *, seed: int) -> str:
        """Write the prompt of one request.

        Args:
            label: A label that has a name; None where no template mentions it.
            seed: The request's seed. Integer in [0, 2^64).

        Returns:
            The prompt, the same for the same request on every machine.
        """
        values = {
            field: choices[child_seed(seed, "attribute", field) % len(choices)]
            for field, choices in self.attributes.items()
        }
        if label is not None and label in self.names:
            values[_LABEL] = self.names[label]
        template = self.templates[child_seed(seed, "template") % len(self.templates)]
        return template.format_map(values)


def _fields(template: str) -> set[str]:
    """List the fields of a template, with whatever follows their name, so that `{label.x}` is unknown."""
    try:
        return {field for _, field, _, _ in string.Formatter().parse(template) if field is not None}
    except ValueError as error:
        raise _unwritable(template, error) from error


def _try(template: str, values: Mapping[str, str]) -> None:
    """Refuse a template that asks for numbers where there is text, as `{label:d}` does."""
    try:
        template.format_map(values)
    except (ValueError, KeyError) as error:
        raise _unwritable(template, error) from error


def _unwritable(template: str, error: Exception) -> ConfigError:
    """Say what is wrong with a template."""
    message = f"`prompt` must be text with fields in braces, got {template!r} ({error}). Double a brace: {{{{."
    return ConfigError("SA490", message)
