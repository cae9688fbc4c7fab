"""Which language a text is in, by a library that knows many of them."""

from __future__ import annotations

import functools
import math
from typing import Any, Final

from lightning_synthaug.errors import ConfigError, MissingDependency, install_hint

__all__ = ["identify_language"]

#: The least probability that is told from none.
_LEAST: Final = 1e-6


def identify_language(text: str, language: str) -> float:
    """Say how sure it is that a text is in another language.

    Args:
        text: Any text.
        language: Code of two or three letters, as of ISO 639.

    Returns:
        Minus the logarithm of the probability that it is in that language, >= 0.

    Raises:
        MissingDependency: `py3langid` is not installed (SA463).
        ConfigError: It does not know the language (SA464).
    """
    ranked = dict(_identifier().rank(text))
    if language not in ranked:
        raise ConfigError(
            "SA464",
            f"`language` must be one of {', '.join(sorted(ranked))}, got {language!r}. Without `language` it is told "
            "from the letters of real texts.",
        )
    return -math.log(max(float(ranked[language]), _LEAST))


@functools.cache
def _identifier() -> Any:
    """Load the library's model, once in a process."""
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise MissingDependency(
            "SA463",
            f"`language=` needs py3langid, got {error}. {install_hint('text')}",
        ) from error
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
