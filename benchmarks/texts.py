"""What a small language model makes of review sentences, and how it is best told what to do.

Of the 3,000 sentences, 600 are the user's: gates are fitted on them, and sentences to say otherwise and examples come
from them. The other 2,400 train the judge, a logistic regression on words, pairs of words and sentence embeddings.

`--ways` tries each way of telling the model once on 24 sentences, or for 12 texts of each label. Without it, 50
sentences are said otherwise and 50 of each label are written, with up to three attempts each. 20 of each, drawn before
anybody looked at them, are in the page that `--page` writes.

Targets: so many are accepted; of the accepted ones the similarity of all to their source is between 0.7 and 0.95, the
judge finds the label kept in at least 90 %, and none leaks the prompt or refuses.

    python benchmarks/texts.py --data data/sentiment-sentences --model SmolLM2.gguf --encoder all-MiniLM-L6-v2 --check
"""

from __future__ import annotations

import os

# Before numpy: one core.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from harness import Benchmark

import lightning_synthaug as sa
from lightning_synthaug.data import Record
from lightning_synthaug.generators.gates import Gate, Meaning, RealSamples
from lightning_synthaug.generators.gates.embeddings import SentenceEmbedding
from lightning_synthaug.generators.gates.phrases import leaks, refuses
from lightning_synthaug.generators.request import Request
from lightning_synthaug.plan import child_seed

NAMES = ("negative review", "positive review")
OWN, TRIED, WANTED, ATTEMPTS, SHOWN = 600, 24, 50, 3, 20
FORM: dict[str, Any] = {"longest": 48, "batch_size": 8, "dtype": "bfloat16"}

_CHAT = """[user]
Say this review in other words, with the same opinion. Answer with the review alone: {text}
[assistant]"""
_SHOWN_CHAT = """[user]
Say in other words: The battery is dead after two hours, what a waste of money.
[assistant]
What a waste of money, the battery only lasts for two hours.
[user]
Say in other words: {text}
[assistant]"""
_REVIEWS = """Review: The battery is dead after two hours, what a waste of money.
The same opinion in other words: What a waste of money, the battery only lasts for two hours.

Review: {text}
The same opinion in other words:"""

Options = dict[str, Any]

PARAPHRASING: dict[str, Options] = {
    "three examples (the package's)": {"temperature": 0.8},
    "three examples, cooler": {"temperature": 0.5},
    "three examples, hotter": {"temperature": 1.1},
    "one example, of reviews": {"prompt": _REVIEWS, "temperature": 0.8},
    "completion, in quotes": {
        "prompt": 'The review "{text}" means the same as "',
        "temperature": 0.8,
        "stop": ("\n", '"'),
    },
    "chat": {"prompt": _CHAT, "temperature": 0.8},
    "chat with an example": {"prompt": _SHOWN_CHAT, "temperature": 0.8},
}
WRITING: dict[str, Options] = {
    "list with its label (the package's)": {"temperature": 0.9},
    "list with its label, cooler": {"temperature": 0.7},
    "list with its label, hotter": {"temperature": 1.1},
    "list with its label, three examples": {"temperature": 0.9, "shots": 3},
    "list with its label, ten examples": {"temperature": 0.9, "shots": 10},
    "list without a label": {"temperature": 0.9, "prompt": "{examples}\n-"},
    "chat": {
        "temperature": 0.9,
        "prompt": "[user]\nWrite one more {label} like these:\n{examples}\n[assistant]\n-",
    },
}
BEST = "three examples, cooler", "list with its label (the package's)"


def sentences(folder: Path) -> list[Record]:
    """Read all in an order of chance; lines end in CRLF, and some have other line breaks inside."""
    texts = [
        line.rpartition("\t")
        for path in sorted(folder.glob("*_labelled.txt"))
        for line in path.read_bytes().decode("utf-8").split("\n")
        if line.strip()
    ]
    records = [Record({"text": " ".join(t.split()), "label": int(label)}) for t, _, label in texts]
    rng = np.random.default_rng(child_seed(0, "benchmark-texts"))
    return [records[i] for i in rng.permutation(len(records))]


class Judge:
    """Tell labels, learnt from sentences that no gate has seen."""

    def __init__(self, records: Sequence[Record], encoder: SentenceEmbedding) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        self.encoder = encoder
        self.words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        self.words.fit([r["text"] for r in records])
        self.model = LogisticRegression(C=3.0, max_iter=1000)
        self.model.fit(self._see(records), [r["label"] for r in records])

    def _see(self, records: Sequence[Record]) -> Any:
        from scipy.sparse import csr_matrix, hstack

        words = self.words.transform([r["text"] for r in records])
        return hstack([words, 2 * csr_matrix(self.encoder.embed(records))]).tocsr()

    def kept(self, records: Sequence[Record]) -> list[bool]:
        """For each: does it take it for its label?"""
        told = self.model.predict(self._see(records))
        return [bool(t == r["label"]) for t, r in zip(told, records, strict=True)]


@dataclass
class Made:
    """What came of some requests."""

    accepted: list[tuple[Request, Record, dict[str, float]]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    seconds: float = 0.0

    @property
    def share(self) -> float:
        """Accepted ones of all attempts."""
        return len(self.accepted) / (len(self.accepted) + sum(self.refused.values()))


class Maker:
    """A generator with its gates, fitted on the user's sentences."""

    def __init__(
        self,
        model: Path,
        encoder: SentenceEmbedding,
        own: Sequence[Record],
        options: Options,
        write: bool,
    ) -> None:
        label: Gate = sa.LabelConsistency(0.9, embedding=encoder)
        if write:
            pairs = [(r["text"], r["label"]) for r in own]
            self.generator: Any = sa.LanguageModelWriter(
                model, pairs, class_names=NAMES, **FORM, **options
            )
            whole, _, *others = self.generator.default_gates()
            self.gates = [whole, label, *others]
        else:
            self.generator = sa.LanguageModelParaphraser(model, **FORM, **options)
            self.gates = [*self.generator.default_gates(), Meaning(encoder), label]
        self.generator.load("cpu")
        for gate in self.gates:
            if gate.fitted:
                gate.fit(RealSamples.of(own))

    def make(self, asked: Sequence[Request], attempts: int, into: Made) -> None:
        """Make texts, attempt by attempt."""
        for attempt in range(attempts):
            again = [
                Request(r.label, r.number, attempt=attempt, twin=r.twin,
                        seed=child_seed(r.number, "t", attempt))
                for r in asked
            ]  # fmt: skip
            began = time.process_time()
            results = self.generator.generate(again)
            into.seconds += time.process_time() - began
            asked = [
                r for r, made in zip(again, results, strict=True) if not self._judge(r, made, into)
            ]

    def _judge(self, request: Request, made: Any, into: Made) -> bool:
        """Put a text where it belongs."""
        if not isinstance(made, Record):
            into.refused[made.reason] += 1
            return False
        into.tokens += len(self.generator._speaker.loaded.tokenizer(made["text"])["input_ids"])
        scores: dict[str, float] = {}
        for gate in self.gates:
            verdict = gate.judge([request], [made])[0]
            scores[gate.name] = verdict.score if verdict.score is not None else float("nan")
            if not verdict.accepted:
                into.refused[verdict.reason] += 1
                return False
        into.accepted.append((request, made, scores))
        return True


def requests(own: Sequence[Record], count: int, *, write: bool) -> list[Request]:
    """Ask for labels in turn, or for variants of the first sentences."""
    if write:
        return [Request(i % 2, i) for i in range(count)]
    return [Request(None, i, twin=own[i]) for i in range(count)]


def try_ways(maker: Any, own: Sequence[Record], bench: Benchmark) -> list[str]:
    """Try each way of telling; a table in Markdown."""
    lines = ["| way | temperature | accepted | refused for |", "|---|---|---|---|"]
    for write, ways in ((False, PARAPHRASING), (True, WRITING)):
        for name, options in ways.items():
            made = Made()
            maker(options, write=write).make(requests(own, TRIED, write=write), 1, made)
            why = ", ".join(f"{why} ({count})" for why, count in made.refused.most_common(3))
            kind = "written" if write else "in other words"
            bench.figures[f"{kind}, {name}"] = made.share
            heat = options["temperature"]
            lines.append(f"| {kind}: {name} | {heat} | {len(made.accepted)} of {TRIED} | {why} |")
            print(lines[-1], flush=True)
    return lines


def show(maker: Any, own: Sequence[Record], judge: Judge, bench: Benchmark) -> list[str]:
    """Make texts in the best ways, and hold them against the targets."""
    lines = [f"The judge is right on {np.mean(judge.kept(own)):.0%} of the user's sentences."]
    for write, ways, best in ((False, PARAPHRASING, BEST[0]), (True, WRITING, BEST[1])):
        kind, wanted = ("written", 2 * WANTED) if write else ("in other words", WANTED)
        one, made = maker(ways[best], write=write), Made()
        asked = requests(own, OWN, write=write)
        for start in range(0, OWN, 16):
            if len(made.accepted) < wanted:
                one.make(asked[start : start + 16], ATTEMPTS, made)
        speed, share = made.tokens / made.seconds, made.share
        good = made.accepted[:wanted]
        records = [record for _, record, _ in good]
        kept = judge.kept(records)
        prompts = one.generator.told.said()
        spoilt = sum(leaks(r["text"], prompts) or refuses(r["text"]) for r in records)
        bench.need(f"{kind}: accepted texts", len(good), at_least=wanted)
        bench.need(f"{kind}: label kept", float(np.mean(kept)), at_least=0.9)
        bench.need(f"{kind}: leaks and refusals", spoilt, at_most=0)
        bench.figures |= {f"{kind}: share accepted": share, f"{kind}: tokens a second": speed}
        if not write:
            near = [scores["meaning"] for _, _, scores in good]
            bench.need(f"{kind}: least similarity", min(near), at_least=0.7)
            bench.need(f"{kind}: greatest similarity", max(near), at_most=0.95)
        why = ", ".join(f"{why} ({count})" for why, count in made.refused.most_common())
        lines.append(
            f"\n**{kind}**, {best}: {len(good)} accepted, {share:.0%} of all attempts; the judge finds the label kept "
            f"in {np.mean(kept):.0%}; {spoilt} leaks or refusals; {speed:.0f} tokens a second. Refused: {why}.\n"
        )
        lines += [
            "| real text, or label | made | similarity | label gate | judge |",
            "|---" * 5 + "|",
        ]
        rows = np.random.default_rng(child_seed(1, "shown")).permutation(len(good))[:SHOWN]
        for row in sorted(rows):
            request, record, scores = good[row]
            source = NAMES[record["label"]] if request.twin is None else request.twin["text"]
            near = "" if write else f"{scores['meaning']:.2f}"
            told = "kept" if kept[row] else "lost"
            cells = [source, record["text"], near, f"{scores['label']:.2f}", told]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def main() -> int:
    """Run the benchmark."""
    bench = Benchmark("texts", __doc__ or "")
    parser = bench.parser()
    parser.add_argument("--data", type=Path, required=True, help="folder of sentiment-sentences")
    parser.add_argument("--model", type=Path, required=True, help="language model")
    parser.add_argument("--encoder", type=Path, required=True, help="sentence encoder")
    parser.add_argument("--ways", action="store_true", help="try ways of telling the model")
    parser.add_argument(
        "--page", type=Path, help="write the texts and figures to FILE, in Markdown"
    )
    args = parser.parse_args()
    torch.set_num_threads(1)
    records = sentences(args.data)
    own, encoder = records[:OWN], SentenceEmbedding(args.encoder)

    def maker(options: Options, *, write: bool) -> Maker:
        return Maker(args.model, encoder, own, options, write)

    judge = None if args.ways else Judge(records[OWN:], encoder)
    lines = try_ways(maker, own, bench) if judge is None else show(maker, own, judge, bench)
    print("\n".join(lines))
    if args.page:
        args.page.write_text("\n".join(lines) + "\n", "utf-8")
    return bench.finish(args, [])


if __name__ == "__main__":
    sys.exit(main())
