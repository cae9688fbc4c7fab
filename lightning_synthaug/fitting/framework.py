"""The installed Lightning, whichever of its two names it goes by."""

from __future__ import annotations

import contextlib
import importlib
import logging
import signal
import threading
import warnings
from typing import TYPE_CHECKING, Any

from lightning_synthaug.errors import MissingDependency, install_hint

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["lightning", "quiet"]

_NAMES = ("lightning.pytorch", "pytorch_lightning")


def _import() -> Any:
    """Import the first of the two that is there."""
    for name in _NAMES:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name not in (name, name.partition(".")[0]):
                raise
    message = (
        f"Fitting a generator must have one of {list(_NAMES)}, got neither. "
        f"{install_hint('lightning')}"
    )
    raise MissingDependency("SA801", message)


lightning: Any = _import()
"""`lightning.pytorch` or `pytorch_lightning`."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep a small fit from advertising and from advice that is meant for large ones.

    Lightning turns an interruption into an exit of the whole program and leaves further ones
    ignored; here it is handed on as what it was.

    Yields:
        Nothing.

    Raises:
        KeyboardInterrupt: The fit was interrupted.
    """
    loggers = [logging.getLogger(f"{name}.utilities.rank_zero") for name in _NAMES]
    levels = [logger.level for logger in loggers]
    main = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT)
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            warnings.filterwarnings("ignore", message=".*smaller than the logging interval.*")
            # The average of the weights is not trained, and stays in evaluation mode by intention.
            warnings.filterwarnings("ignore", message=".*in eval mode at the start of training.*")
            # Hooks that measure each image's gradient, in a private fit; images need no gradient.
            warnings.filterwarnings("ignore", message=".*Full backward hook is firing.*")
            warnings.filterwarnings("ignore", category=DeprecationWarning)
            warnings.filterwarnings("ignore", category=FutureWarning)
            yield
    except SystemExit as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        raise
    finally:
        if main and handler is not None:
            signal.signal(signal.SIGINT, handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
