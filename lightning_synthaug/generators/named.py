"""Classes by name: built-in ones, and those that other distributions bring along as entry points.

A plugin is a distribution with an entry point in the group of its kind, name to class. Entry points
are listed without importing them; a class is imported, and checked, when its name is asked for. So
a broken plugin disturbs nobody who does not use it, and its errors name the distribution to blame.
"""

from __future__ import annotations

import difflib
import inspect
import re
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, TypeVar, final

from lightning_synthaug.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lightning_synthaug.errors import SynthAugError

__all__ = ["Registration", "Registry"]

T = TypeVar("T")

_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]*")


@final
@dataclass(frozen=True, slots=True)
class Registration:
    """One name and what stands behind it.

    Attributes:
        name: Name to ask for.
        target: Import path of the class.
        distribution: Name and version of the distribution that brought it, or what registered it.
        blocked: Whether it was blocked.
    """

    name: str
    target: str
    distribution: str
    blocked: bool = False


@final
class Registry(Generic[T]):
    """The classes of one kind that can be asked for by name.

    Args:
        base: What they derive from; messages call them by its name.
        group: Entry-point group of plugins.
        failed: Error for a class that is broken, or a name that is claimed twice.
        not_found: Error for a name that nobody has, or that is blocked.
    """

    def __init__(
        self,
        base: type[T],
        *,
        group: str,
        failed: type[SynthAugError],
        not_found: type[SynthAugError],
    ) -> None:
        self.group = group
        self._base = base
        self._kind = base.__name__.lower()
        self._failed = failed
        self._absent = not_found
        self._registered: dict[str, type[T]] = {}
        self._blocked: set[str] = set()

    def register(self, name: str, kind: type[T]) -> None:
        """Make a class known under a name, in this process.

        Args:
            name: Lower-case letters, digits, dots, dashes and underscores; a letter first.
            kind: A concrete subclass of the base, such as `Generator`.

        Raises:
            ConfigError: The name has another form.
            SynthAugError: The name is taken by another class, or the class is not of this kind.
        """
        if not _NAME.fullmatch(name):
            message = (
                f"A {self._kind}'s name must be lower-case letters, digits, '.', '-' and '_', a "
                f"letter first, got {name!r}. Choose another name."
            )
            raise ConfigError("SA402", message)
        self._check(name, kind, f"register() by {_module(kind)}")
        taken = self._registered.get(name)
        if taken is not None and taken is not kind:
            self._taken(name, [_path(taken), _path(kind)])
        if taken is None and self._entry_points(name):
            self._taken(name, [*map(_distribution, self._entry_points(name)), _path(kind)])
        self._registered[name] = kind

    def unregister(self, name: str) -> None:
        """Forget what `register` made known; entry points stay.

        Args:
            name: The name.

        Raises:
            SynthAugError: Nothing was registered under it.
        """
        if name not in self._registered:
            self._not_found(name)
        del self._registered[name]

    def block(self, name: str, *, blocked: bool = True) -> None:
        """Refuse a name from now on, for example of a plugin that is broken or not trusted.

        Args:
            name: The name; it need not be installed.
            blocked: False allows it again.
        """
        if blocked:
            self._blocked.add(name)
        else:
            self._blocked.discard(name)

    def get(self, name: str) -> type[T]:
        """Find, import and check the class behind a name.

        Args:
            name: As registered or as an entry point.

        Returns:
            The class.

        Raises:
            SynthAugError: Nothing has this name, or it is blocked; two distributions claim it, or the
                plugin cannot be imported, or is not of this kind.
        """
        if name in self._blocked:
            message = (
                f'{self._base.__name__} "{name}" must not be blocked to be used, got a block on it. '
                f'Call block("{name}", blocked=False).'
            )
            raise self._absent("SA404", message)
        if name in self._registered:
            return self._registered[name]
        found = self._entry_points(name)
        if not found:
            self._not_found(name)
        if len(found) > 1:
            self._taken(name, [_distribution(entry) for entry in found])
        return self._import(found[0])

    def create(self, name: str, /, **arguments: Any) -> T:
        """Make an object by the name of its class.

        Args:
            name: As registered or as an entry point.
            **arguments: Arguments of its constructor.

        Returns:
            The object; its constructor is free, so nothing is loaded yet.

        Raises:
            SynthAugError: Nothing has this name, or it is blocked, or the plugin is broken.
            ConfigError: The constructor does not take these arguments.

        Example:
            >>> from lightning_synthaug.generators import create
            >>> create("folder", folder="faces").name
            'faces'
        """
        kind = self.get(name)
        signature = inspect.signature(kind)
        try:
            signature.bind(**arguments)
        except TypeError as error:
            message = (
                f'{self._base.__name__} "{name}" must be given the arguments of '
                f"{kind.__name__}{signature}, got {sorted(arguments)} ({error}). Correct the names."
            )
            raise ConfigError("SA406", message) from error
        return kind(**arguments)

    def registrations(self) -> list[Registration]:
        """List every name, without importing any plugin.

        Returns:
            Sorted by name; two entries where two distributions claim one name.
        """
        own = [
            Registration(name, _path(kind), f"register() by {_module(kind)}", name in self._blocked)
            for name, kind in self._registered.items()
        ]
        plugins = [
            Registration(entry.name, entry.value, _distribution(entry), entry.name in self._blocked)
            for entry in self._entry_points()
        ]
        return sorted([*own, *plugins], key=lambda one: (one.name, one.distribution))

    def _import(self, entry: metadata.EntryPoint) -> type[T]:
        """Import a plugin's class and check it."""
        try:
            kind = entry.load()
        except Exception as error:  # a plugin may fail in any way while it is imported
            message = (
                f'{self._base.__name__} "{entry.name}" of {_distribution(entry)} must be importable, '
                f"got {type(error).__name__}: {error} from {entry.value}. "
                f'Repair or uninstall that distribution, or keep it out with block("{entry.name}").'
            )
            raise self._failed("SA405", message) from error
        self._check(entry.name, kind, _distribution(entry))
        return kind  # type: ignore[no-any-return]

    def _check(self, name: str, kind: object, origin: str) -> None:
        """Insist on a concrete class with a constructor that can be called by keyword."""
        problem = self._problem(kind)
        if problem:
            package = self._base.__module__.rpartition(".")[0]
            message = (
                f'{self._base.__name__} "{name}" of {origin} must be a concrete subclass of '
                f"{package}.{self._base.__name__}, got {problem}. See docs, how-to, write a {self._kind}."
            )
            raise self._failed("SA401", message)

    def _problem(self, kind: object) -> str:
        """Say what keeps a class from being one of these, or nothing."""
        if not inspect.isclass(kind):
            return f"{kind!r}, which is no class"
        if not issubclass(kind, self._base):
            return f"{_path(kind)}, which does not derive from it"
        if inspect.isabstract(kind):
            missing = sorted(getattr(kind, "__abstractmethods__", ()))
            return f"{_path(kind)}, which lacks {', '.join(missing)}"
        positional = [
            parameter.name
            for parameter in inspect.signature(kind).parameters.values()
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL)
        ]
        if positional:
            return f"{_path(kind)}, whose arguments {positional} cannot be given by name"
        return ""

    def _entry_points(self, name: str | None = None) -> list[metadata.EntryPoint]:
        """List entry points of the group, each once; a distribution found twice on the path counts once."""
        found = metadata.entry_points(group=self.group)
        chosen: Iterable[metadata.EntryPoint] = found if name is None else found.select(name=name)
        return list(
            {(_distribution(entry), entry.name, entry.value): entry for entry in chosen}.values()
        )

    def _taken(self, name: str, claims: list[str]) -> NoReturn:
        """Refuse a name that more than one class claims."""
        message = (
            f'The name "{name}" must belong to one {self._kind}, got {len(claims)}: '
            f"{'; '.join(claims)}. "
            "Uninstall one of them, or import the class and pass an instance."
        )
        raise self._failed("SA403", message)

    def _not_found(self, name: str) -> NoReturn:
        """Say which names there are, and which was perhaps meant."""
        known = sorted({one.name for one in self.registrations()})
        close = difflib.get_close_matches(name, known, n=1)
        meant = f' Did you mean "{close[0]}"?' if close else ""
        message = (
            f"A {self._kind}'s name must be one of {known}, got "
            f'"{name}".{meant} Install the distribution that brings it, or call '
            f'register("{name}", My{self._base.__name__}).'
        )
        raise self._absent("SA400", message)


def _module(kind: object) -> str:
    """Name the module that a class comes from."""
    return str(getattr(kind, "__module__", "?"))


def _distribution(entry: metadata.EntryPoint) -> str:
    """Name a distribution and its version."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown distribution"


def _path(kind: type) -> str:
    """Write a class's import path."""
    return f"{kind.__module__}:{kind.__qualname__}"
