"""No pretrained generator: fit one on the few real digits of the project, read its report, mix its samples in.

The fit is this command, too: synthaug fit-generator cvae --data digits.npz --out fitted --epochs 200 --width 64
"""

from __future__ import annotations

import json
from pathlib import Path

from existing_project import Classifier, Digits, accuracy, make_trainer, train_loader

import lightning_synthaug as sa
from lightning_synthaug.fitting import fit_generator, load_fitted

digits, test = Digits(train=True), Digits(train=False)
if not Path("fitted").exists():
    settings = {"epochs": 200, "width": 64, "progress": False}
    fit_generator("cvae", digits.images, digits.targets, out="fitted", **settings)
report = json.loads(Path("fitted", "card.json").read_text())["report"]
print(f"a classifier reads samples {report['fidelity_ratio']:.2f} times as well as real digits")

generator = load_fitted("fitted")  # needs no Lightning: fit on one machine, use it on another
seen = [len(sa.seen_samples(generator, part)) for part in (digits, test)]
print(f"fitted on {seen[0]} training digits and on {seen[1]} test digits")

# It knows nothing that the few digits do not show. Whether its samples help is to be measured, as here.
aug = sa.SynthAug(
    generator,
    ratio=sa.Linear(0.5, 0.0, over="80%"),
    gates=[sa.LabelConsistency(), sa.NearDuplicate()],  # no other digit, no copy of a real one
    pool=500,
    cache="cache",
    seed=7,
)
for name, callbacks in {"without": [], "with": [aug]}.items():
    trainer = make_trainer(callbacks=callbacks)
    model = Classifier()
    trainer.fit(model, train_loader())
    print(f"{name} its samples: {trainer.global_step} steps, {accuracy(model):.1%} right")
