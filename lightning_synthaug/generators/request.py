"""What is asked of a generator, and the names that a request goes by.

A request knows nothing of the run that asks: not its seed, not the batch, not the epoch. Two runs
that ask for the same thing therefore find each other's samples in the cache.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, final

from lightning_synthaug.plan.seeding import child_seed

if TYPE_CHECKING:
    from lightning_synthaug.data.record import Record

__all__ = ["Conditioning", "Rejection", "Request", "request_seed", "sample_key"]

Conditioning: TypeAlias = Literal["none", "class", "twin"]


@final
@dataclass(frozen=True, slots=True)
class Request:
    """One sample to be made.

    Attributes:
        label: Label asked for, or None when the generator has no say in it.
        number: Serial of this sample within its label, >= 0.
        version: Which version of its twin this is, >= 0; 0 where there is no twin.
        attempt: How often this sample was made and turned down before, >= 0.
        seed: All the randomness that the sample may use. Integer in [0, 2^64).
        twin: The real sample that conditions it, or None.
    """

    label: int | None
    number: int
    version: int = 0
    attempt: int = 0
    seed: int = 0
    twin: Record | None = None

    def key(self, fingerprint: str) -> bytes:
        """Name the sample that this request gets from one generator.

        Args:
            fingerprint: `Generator.fingerprint()`.

        Returns:
            16 bytes, as `sample_key` makes them.
        """
        return sample_key(
            fingerprint,
            seed=self.seed,
            label=self.label,
            number=self.number,
            attempt=self.attempt,
            twin_digest=None if self.twin is None else self.twin.digest(),
            version=self.version,
        )


@final
@dataclass(frozen=True, slots=True)
class Rejection:
    """A sample that could not be made, or that its own generator turned down.

    Attributes:
        reason: Why, in a few words, for the report.
        for_now: Whether the cause lies outside of the sample and may pass, such as a server that is away: nothing is
            noted against the sample, and it is asked for again later, as the same attempt.
    """

    reason: str
    for_now: bool = False


def sample_key(
    fingerprint: str,
    *,
    seed: int,
    label: int | None,
    number: int,
    attempt: int,
    twin_digest: bytes | None,
    version: int,
) -> bytes:
    """Name one sample by what it is made from.

    The seed is part of the name: two studies with different generation seeds share a cache and
    never a sample.

    Args:
        fingerprint: Fingerprint of the generator.
        seed: The request's seed, in [0, 2^64).
        label: Label asked for, or None.
        number: Serial within the label, >= 0.
        attempt: Attempts before this one, >= 0.
        twin_digest: `Record.digest()` of the twin, or None.
        version: Version of the twin, >= 0.

    Returns:
        16 bytes, the same on every machine.

    Example:
        >>> same = dict(seed=1, label=3, number=0, twin_digest=None, version=0)
        >>> first = sample_key("abc", attempt=0, **same)
        >>> len(first), first == sample_key("abc", attempt=1, **same)
        (16, False)
    """
    path = (fingerprint, int(seed), *_identity(label, number, attempt, twin_digest, version))
    return hashlib.blake2b(repr(("sample", *path)).encode(), digest_size=16).digest()


def request_seed(
    generation_seed: int,
    *,
    label: int | None,
    number: int,
    attempt: int = 0,
    twin_digest: bytes | None = None,
    version: int = 0,
) -> int:
    """Derive the seed of one request, by hashing and never by addition.

    Args:
        generation_seed: Seed of the study's generation, apart from the run's seed; any integer.
        label: Label asked for, or None.
        number: Serial within the label, >= 0.
        attempt: Attempts before this one, >= 0.
        twin_digest: `Record.digest()` of the twin, or None.
        version: Version of the twin, >= 0.

    Returns:
        Integer in [0, 2^64).

    Example:
        >>> request_seed(0, label=1, number=0) == request_seed(0, label=1, number=0)
        True
        >>> request_seed(0, label=1, number=0) == request_seed(1, label=0, number=0)
        False
    """
    identity = _identity(label, number, attempt, twin_digest, version)
    return child_seed(generation_seed, "request", *identity)


def _identity(
    label: int | None, number: int, attempt: int, twin_digest: bytes | None, version: int
) -> tuple[str, ...]:
    """Write out who is asked for, each part under its name."""
    return (
        f"label={'none' if label is None else int(label)}",
        f"number={int(number)}",
        f"attempt={int(attempt)}",
        f"twin={'none' if twin_digest is None else twin_digest.hex()}",
        f"version={int(version)}",
    )
