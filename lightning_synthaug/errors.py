"""Every error the package raises on purpose, each with a code and a page in `docs/errors/`.

The class says what kind of thing is wrong::

    SynthAugError
    ├── ConfigError (also ValueError)         an argument, an option or a setting
    ├── PlanError                             the composition cannot be planned
    │   └── ResumeMismatch                    checkpoint and configuration disagree
    ├── DataError (also ValueError)           the user's dataset, its labels or its items
    ├── CacheError                            the sample store
    │   ├── CacheCorrupt
    │   ├── CacheLocked
    │   └── CacheFull
    ├── GeneratorError                        sample generators
    │   ├── GeneratorNotFound
    │   └── GeneratorContractBroken
    ├── GateError                             gates, what judges samples
    ├── FillError                             making samples ahead of training
    ├── TrainerError                          the training framework
    └── MissingDependency (also ImportError)  a library is not installed

The code's first digit says where it was noticed, so one class has codes of several parts: 1 plan and configuration,
2 data, 3 store, 4 generators and fitting them, 5 filling, 6 mixing, 7 trainer, 8 command line and missing libraries.

A message says what must hold, what was got and where, and what to do. It ends with its code in brackets.
"""

from __future__ import annotations

__all__ = [
    "CacheCorrupt",
    "CacheError",
    "CacheFull",
    "CacheLocked",
    "ConfigError",
    "DataError",
    "FillError",
    "GateError",
    "GeneratorContractBroken",
    "GeneratorError",
    "GeneratorNotFound",
    "MissingDependency",
    "PlanError",
    "ResumeMismatch",
    "SynthAugError",
    "TrainerError",
    "install_hint",
]


class SynthAugError(Exception):
    """Base of every error that the package raises on purpose.

    Args:
        code: Code with a docs page `docs/errors/<code>.md`, for example `"SA101"`.
        message: What must hold, the value got and where, what to do.

    Attributes:
        code: The same code, for programs that react to it.

    Example:
        >>> str(ConfigError("SA101", "`ratio` must lie in [0, 1], got 30. For a percentage, divide by 100."))
        '`ratio` must lie in [0, 1], got 30. For a percentage, divide by 100. [SA101]'
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} [{code}]")
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type[SynthAugError], tuple[str, str]]:
        """Survive the trip out of a worker process with code and message apart."""
        return type(self), (self.code, self.message)


class ConfigError(SynthAugError, ValueError):
    """An argument or a configuration value is wrong."""


class PlanError(SynthAugError):
    """The composition cannot be planned."""


class ResumeMismatch(PlanError):
    """The checkpoint describes another plan than the configuration."""


class DataError(SynthAugError, ValueError):
    """The user's dataset, its labels or its items do not fit."""


class CacheError(SynthAugError):
    """The sample store cannot do what was asked."""


class CacheCorrupt(CacheError):
    """The store holds something that it did not write."""


class CacheLocked(CacheError):
    """Another process holds what is needed."""


class CacheFull(CacheError):
    """No room is left for new samples."""


class GeneratorError(SynthAugError):
    """A sample generator failed."""


class GeneratorNotFound(GeneratorError):
    """No generator is registered under the name."""


class GeneratorContractBroken(GeneratorError):
    """A generator returned something other than it was asked for."""


class GateError(SynthAugError):
    """A gate cannot judge, or cannot be fitted."""


class FillError(SynthAugError):
    """Samples could not be made ahead of training."""


class TrainerError(SynthAugError):
    """The training framework is used in a way that cannot be supported."""


class MissingDependency(SynthAugError, ImportError):
    """A library that this feature needs is not installed."""


def install_hint(*extras: str) -> str:
    """Say how to install the package with some of its extras; the package index does not have it.

    Args:
        extras: Names of extras; none of them for the core alone.

    Returns:
        A sentence with a command, for the end of a message.

    Example:
        >>> install_hint("images")
        'Run in a clone of the repository: pip install ".[images]".'
    """
    chosen = f"[{','.join(extras)}]" if extras else ""
    return f'Run in a clone of the repository: pip install ".{chosen}".'
