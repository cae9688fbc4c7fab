"""A language model that is fitted on a few texts of each class: does it write what strangers take for that class?

A small model is fitted on some real texts of each class. A classifier that learned from the rest of the data then reads
texts of it, of the same model that was only shown examples, and real texts that the classifier did not learn from.

    python benchmarks/studies/language.py --data TABLE... --model MODEL --encoder ENCODER --out FOLDER
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

import lightning_synthaug as sa
from lightning_synthaug.fitting import fit_lm, load_fitted
from lightning_synthaug.fitting.text_sources import read_texts
from lightning_synthaug.generators.gates.embeddings import SentenceEmbedding

#: Real texts of each class that are fitted on, and of all that the classifier is measured on.
FITTED, MEASURED = 50, 500
SAMPLES = 100


class Judge:
    """Logistic regression on the vectors of a sentence encoder that is not fitted."""

    def __init__(self, encoder: str, texts: Sequence[str], labels: np.ndarray) -> None:
        self.encoder = SentenceEmbedding(encoder)
        vectors = self._embed(texts)
        self.classifier = LogisticRegression(max_iter=2000).fit(vectors, labels)

    def agrees(self, texts: Sequence[str], labels: np.ndarray) -> np.ndarray:
        """Tell which texts it takes for their labels."""
        return self.classifier.predict(self._embed(texts)) == labels

    def _embed(self, texts: Sequence[str]) -> np.ndarray:
        return self.encoder.embed([sa.Record({"text": text}) for text in texts])


def write(generator: sa.Generator, labels: Sequence[int]) -> dict[str, object]:
    """Have texts written, and take the time of the processor, which a busy machine does not change."""
    generator.load("cpu")
    before = time.process_time()
    requests = [
        sa.Request(label, number, seed=1000 + number) for number, label in enumerate(labels)
    ]
    made = generator.generate(requests)
    seconds = time.process_time() - before
    tokenizer = generator._speaker.loaded.tokenizer
    written = [
        (record["text"], record["label"]) for record in made if isinstance(record, sa.Record)
    ]
    tokens = sum(len(tokenizer(text)["input_ids"]) for text, _ in written)
    generator.unload()
    turned_down = [r.reason for r in made if isinstance(r, sa.Rejection)]
    return {"texts": written, "rejected": turned_down, "tokens_per_second": tokens / seconds}


def main() -> None:
    """Fit, write, judge, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--encoder", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--names", nargs="+", required=True)
    parser.add_argument("--minutes", type=float)
    args = parser.parse_args()
    sources = [read_texts(data, class_names=args.names) for data in args.data]
    texts = np.array([text for source in sources for text in source.texts], object)
    labels = np.concatenate([source.labels for source in sources])
    order = np.random.default_rng(0).permutation(len(texts))
    own = np.concatenate([order[labels[order] == label][:FITTED] for label in np.unique(labels)])
    rest = order[~np.isin(order, own)]
    if not (args.out / "card.json").exists():
        began, spent = time.perf_counter(), time.process_time()
        fit_lm(
            list(texts[own]),
            labels[own],
            model=args.model,
            out=args.out,
            class_names=args.names,
            device="cpu",
            max_minutes=args.minutes,
        )
        spent = time.process_time() - spent
        print(
            f"fitted in {time.perf_counter() - began:.0f} s, {spent:.0f} s of the processor, with its report"
        )
    card = json.loads((args.out / "card.json").read_text())
    print(json.dumps({"losses": card["losses"], "report": card["report"]}, indent=1))
    judge = Judge(args.encoder, texts[rest[MEASURED:]], labels[rest[MEASURED:]])
    real = judge.agrees(texts[rest[:MEASURED]], labels[rest[:MEASURED]]).mean()
    print(f"real texts recognised: {real:.3f}")
    examples = [(str(texts[i]), int(labels[i])) for i in own]
    writers = {
        "fitted": load_fitted(args.out),
        "shown": sa.LanguageModelWriter(args.model, examples, class_names=args.names),
    }
    asked = [int(label) for label in np.resize(np.unique(labels), SAMPLES)]
    found = {}
    for name, generator in writers.items():
        made = write(generator, asked)
        good = judge.agrees([t for t, _ in made["texts"]], np.array([v for _, v in made["texts"]]))
        found[name] = {**made, "recognised": float(good.mean()), "good": good.tolist()}
        print(
            f"{name}: {good.mean():.3f} of {len(good)} recognised, {made['tokens_per_second']:.1f} tokens a second "
            f"of the processor, "
            f"rejected {made['rejected']}"
        )
        for text, label in made["texts"][:10]:
            print(f"    {args.names[label]}: {text}")
    args.out.with_suffix(".json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
