"""How a language model chooses its next token: by the seed of each text, whatever else is in the batch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, final

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.plan.seeding import child_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["Sampling", "SeededChoice"]

_UNIT: Final = 2.0**-64


@final
@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How tokens are chosen.

    Attributes:
        temperature: Divides the logits, >= 0; 0 takes the likeliest token, or searches with `beams`.
        top_k: Tokens to choose from, the likeliest ones, >= 1; None: all.
        top_p: Choose from the likeliest tokens that together have this probability, in (0, 1].
        repetition_penalty: Above 1, tokens that were there are less likely; 1 leaves them alone.
        beams: Beams of the search where the temperature is 0, >= 1.

    Raises:
        ConfigError: One of them lies outside its range, or there are beams with a temperature (SA481).
    """

    temperature: float = 0.8
    top_k: int | None = 50
    top_p: float = 0.95
    repetition_penalty: float = 1.0
    beams: int = 1

    def __post_init__(self) -> None:
        """Check each number."""
        checks = (
            ("temperature", self.temperature >= 0, "at least 0"),
            ("top_k", self.top_k is None or self.top_k >= 1, "at least 1, or None"),
            ("top_p", 0 < self.top_p <= 1, "in (0, 1]"),
            ("repetition_penalty", self.repetition_penalty > 0, "above 0"),
            ("beams", self.beams >= 1, "at least 1"),
            ("beams", self.beams == 1 or self.temperature == 0, "1 unless `temperature` is 0"),
        )
        for name, good, wanted in checks:
            if not good:
                msg = f"`{name}` must be {wanted}, got {getattr(self, name)!r}. Correct it."
                raise ConfigError("SA481", msg)

    def settings(self) -> dict[str, Any]:
        """List all of them as plain values."""
        return asdict(self)


@final
class SeededChoice:
    """Leave one token of each row: a logits processor that samples, so that a greedy search follows it.

    Each draw is a hash of the row's seed and the number of the token. So a text does not depend on the rows around it,
    and no random state is used.

    Args:
        seeds: Seed of each row.
        how: Temperature and limits.

    Source:
        Top-p: Holtzman et al., "The curious case of neural text degeneration" (ICLR 2020), arXiv:1904.09751.
    """

    def __init__(self, seeds: Sequence[int], how: Sampling) -> None:
        self.seeds = seeds
        self.how = how
        self._tokens = 0

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Choose the next token of each row.

        Args:
            input_ids: What was chosen before; it does not matter. Shape `(rows, length)`.
            scores: Logits. Shape `(rows, tokens)`.

        Returns:
            0 for the chosen token and minus infinity for all others. Shape `(rows, tokens)`.
        """
        import torch

        del input_ids
        count = min(self.how.top_k or scores.shape[1], scores.shape[1])
        likeliest, tokens = torch.topk(scores.double() / self.how.temperature, count)
        shares = torch.softmax(likeliest, 1)
        below = shares.cumsum(1) - shares  # the first is always kept
        shares = torch.where(below < self.how.top_p, shares, 0.0)
        upto = shares.cumsum(1)
        draws = [child_seed(seed, "token", self._tokens) * _UNIT for seed in self.seeds]
        self._tokens += 1
        aims = (
            torch.tensor(draws, dtype=torch.float64, device=scores.device)[:, None] * upto[:, -1:]
        )
        places = torch.searchsorted(upto, aims, right=True).clamp_(max=count - 1)
        # An aim at the very end may fall behind the last token that is kept.
        last = (shares > 0).sum(1, keepdim=True) - 1
        chosen = tokens.gather(1, torch.minimum(places, last))
        return torch.full_like(scores, -torch.inf).scatter_(1, chosen, 0.0)
