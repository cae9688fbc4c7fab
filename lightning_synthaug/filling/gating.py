"""The gates of one source: what they said of stored samples, and having them judge what they have not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final, SupportsFloat, final

from lightning_synthaug.data import Record, Verdict
from lightning_synthaug.errors import GateError
from lightning_synthaug.filling.telling import say
from lightning_synthaug.generators import Request
from lightning_synthaug.generators.digest import canonical_digest
from lightning_synthaug.generators.gates import Gate, RealSamples
from lightning_synthaug.store import Store

__all__ = ["Gating"]

_ACCEPTED: Final = Verdict(True)


@final
class Gating:
    """Gates in order: each judges what those before it accepted.

    Args:
        gates: The gates; none accept everything.
        real: What they are fitted on; None where no gate is fitted.
    """

    def __init__(self, gates: Sequence[Gate] = (), real: RealSamples | None = None) -> None:
        self.gates = list(gates)
        #: How many samples were refused since `tell`, by the name of the gate and its reason.
        self.refused: Counter[str] = Counter()
        #: How many were judged since then.
        self.judged = 0
        self._real = real
        self._ready = False
        self._loaded = False

    def __getstate__(self) -> dict[str, Any]:
        """Leave the real samples behind: gates are fitted before they go to another process."""
        self.get_ready()
        return {**self.__dict__, "_real": None, "_loaded": False, "fingerprints": self.fingerprints}

    def __bool__(self) -> bool:
        return bool(self.gates)

    @cached_property
    def fingerprints(self) -> list[str]:
        """Under which the verdicts of each gate are kept: the gate, and what it was fitted on."""
        real = (
            self._real.fingerprint()
            if self._real is not None and any(g.fitted for g in self.gates)
            else None
        )
        return [
            canonical_digest({"gate": g.fingerprint(), "real": real if g.fitted else None})
            for g in self.gates
        ]

    def get_ready(self) -> None:
        """Fit the gates, the first time."""
        if self._ready or not self.gates:
            return
        for gate in self.gates:
            if gate.fitted:
                assert self._real is not None
                say(f"fitting the gate {_name(gate)!r} on real samples")
                gate.fit(self._real)
        self._ready = True

    def load(self, device: str) -> None:
        """Get ready to judge, where that is not so yet.

        Args:
            device: Torch device.
        """
        if self._loaded:
            return
        for gate in self.gates:
            gate.load(device)
        self._loaded = True
        self.get_ready()  # with its network on the device, where a gate has one

    def unload(self) -> None:
        """Give back what `load` took, if it did."""
        if self._loaded:
            self._loaded = False
            for gate in self.gates:
                gate.unload()

    def known(self, store: Store, keys: Sequence[bytes]) -> list[Verdict | None]:
        """Look up what was said.

        Args:
            store: The sample store.
            keys: Keys of samples.

        Returns:
            For each the first refusal; else that it is accepted; None where a gate has not seen it yet.
        """
        said: list[Verdict | None] = [_ACCEPTED] * len(keys)
        for fingerprint in self.fingerprints:
            verdicts = store.verdicts(fingerprint, keys)
            said = [
                verdicts.get(k) if v is not None and v.accepted else v
                for k, v in zip(keys, said, strict=True)
            ]
        return said

    def tell(self, name: str) -> None:
        """Tell the user what was judged since the last time, if anything was.

        Args:
            name: Name of the source.
        """
        if self.judged:
            reasons = ", ".join(f"{count:,} {why}" for why, count in self.refused.most_common())
            say(
                f"gates accepted {self.judged - self.refused.total():,} of {self.judged:,} samples of {name!r}"
                + (f"; refused: {reasons}" if reasons else "")
            )
        self.judged = 0
        self.refused.clear()

    def told(self, store: Store, key: bytes) -> dict[str, Any]:
        """Tell what each gate said of a sample, for its provenance.

        Args:
            store: The sample store.
            key: The sample's key.
        """
        said = {}
        for gate, fingerprint in zip(self.gates, self.fingerprints, strict=True):
            verdict = store.verdicts(fingerprint, [key]).get(key)
            if verdict is not None:
                said[_name(gate)] = {"gate": fingerprint, "score": verdict.score}
        return {"gates": said} if said else {}

    def judge(
        self,
        store: Store,
        keys: Sequence[bytes],
        requests: Sequence[Request],
        records: Sequence[Record],
    ) -> list[Verdict]:
        """Have samples judged, and keep what is said beside them.

        Args:
            store: The sample store.
            keys: Keys of samples.
            requests: What was asked for.
            records: The samples.

        Returns:
            For each the first refusal, its reason with the name of the gate; else that it is accepted.

        Raises:
            GateError: A gate did not give one verdict for each sample (SA451).
        """
        said = [_ACCEPTED] * len(keys)
        for gate, fingerprint in zip(self.gates, self.fingerprints, strict=True):
            open_ = [i for i, verdict in enumerate(said) if verdict.accepted]
            if not open_:
                break
            verdicts = gate.judge([requests[i] for i in open_], [records[i] for i in open_])
            _check(gate, len(open_), verdicts)
            verdicts = [v._replace(reason=_readable(v.reason)) for v in verdicts]
            store.put_verdicts(
                fingerprint, {keys[i]: v for i, v in zip(open_, verdicts, strict=True)}
            )
            for i, verdict in zip(open_, verdicts, strict=True):
                if not verdict.accepted:
                    said[i] = verdict._replace(reason=f"{_name(gate)}: {verdict.reason}")
        self.judged += len(said) if self.gates else 0
        self.refused.update(v.reason for v in said if not v.accepted)
        return said


def _name(gate: Gate) -> str:
    """Name a gate for people."""
    return gate.name or type(gate).__name__


def _readable(reason: str) -> str:
    """Replace what UTF-8 cannot hold: a reason is for reading, and must not end the fill."""
    return reason.encode(errors="replace").decode()


def _is_told(verdict: Verdict) -> bool:
    """Tell whether a score is a number, if there is one, and a reason a text."""
    score = verdict.score
    return isinstance(verdict.reason, str) and (score is None or isinstance(score, SupportsFloat))


def _check(gate: Gate, asked: int, verdicts: object) -> None:
    """Insist on verdicts."""
    if not isinstance(verdicts, list) or len(verdicts) != asked:
        got = f"{len(verdicts)} of them" if isinstance(verdicts, list) else type(verdicts).__name__
    elif wrong := [v for v in verdicts if not isinstance(v, Verdict)]:
        got = repr(wrong[0])
    elif wrong := [v for v in verdicts if not _is_told(v)]:
        got = f"{wrong[0]!r}, whose score must be a number or None and whose reason a text"
    else:
        return
    raise GateError(
        "SA451",
        f"Gate {_name(gate)!r} must return a list of one `Verdict` for each of {asked} samples, got {got}. Correct its "
        "`judge`.",
    )
