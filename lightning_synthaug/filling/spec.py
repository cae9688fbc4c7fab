"""What a producer process is told at its start: pickled by the process that starts it, read by no other."""

from __future__ import annotations

import io
import json
import os
import pickle
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, final

from lightning_synthaug.errors import ConfigError, install_hint
from lightning_synthaug.filling.needs import SourceNeeds

__all__ = ["Spec", "can_pickle"]


@final
@dataclass(frozen=True)
class Spec:
    """Everything that a producer needs.

    Attributes:
        folder: Folder of the sample store.
        byte_budget: What the store may hold. Bytes.
        device: Torch device to generate on.
        sources: Name and needs of each source whose samples are made.
        codec: How the store writes images.
    """

    folder: str
    byte_budget: int
    device: str
    sources: Sequence[tuple[str, SourceNeeds]]
    codec: str = "raw"

    def hand_over(self) -> int:
        """Write it where only a child that inherits the descriptor can read it: a file without a name.

        Returns:
            A file descriptor at the beginning; the caller closes it.

        Raises:
            ConfigError: A generator cannot be pickled (SA506).
        """
        try:
            text = _pickler().dumps(self)
        except Exception as error:  # each class has its own ways of refusing
            names = [name for name, _ in self.sources]
            raise ConfigError(
                "SA506",
                f'Generators must be picklable under fill="background", got {names}: '
                f"{type(error).__name__}: {error}. "
                + (
                    ""
                    if _cloudpickle()
                    else f"The extra `background` helps. {install_hint('background')} "
                )
                + 'Or make samples in this process: fill="ahead".',
            ) from error
        with tempfile.TemporaryFile() as file:
            file.write(json.dumps(sys.path).encode() + b"\n" + text)
            file.flush()
            fd = os.dup(file.fileno())
        os.lseek(fd, 0, os.SEEK_SET)
        return fd

    @classmethod
    def take_over(cls, fd: int) -> Spec:
        """Read what the parent process wrote, modules being looked for where it looks for them.

        Args:
            fd: The inherited descriptor; it is closed.

        Returns:
            What was handed over.
        """
        with os.fdopen(fd, "rb") as file:
            sys.path[:] = json.loads(file.readline())
            spec = pickle.load(file)  # from the parent's own memory: the file never had a name
        assert isinstance(spec, cls)
        return spec


def can_pickle(value: object) -> bool:
    """Tell whether something can go to a producer by pickle. It is written to nowhere, so that size costs only time.

    Args:
        value: Anything.
    """
    try:
        _pickler().dump(value, _Nowhere())
    except Exception:  # each class has its own ways of refusing
        return False
    return True


class _Nowhere(io.RawIOBase):
    """A file that keeps nothing."""

    def writable(self) -> bool:
        """Take anything."""
        return True

    def write(self, data: Any, /) -> int:
        """Forget it."""
        return len(data)


def _pickler() -> ModuleType:
    """Prefer the one that can pickle what a script or a notebook defines."""
    return _cloudpickle() or pickle


def _cloudpickle() -> ModuleType | None:
    """Import cloudpickle, if it is there."""
    try:
        import cloudpickle
    except ImportError:
        return None
    module: ModuleType = cloudpickle
    return module
