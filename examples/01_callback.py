"""Add synthetic digits to an existing project: one callback, whichever Lightning package it uses."""

from existing_project import PACKAGE, Classifier, accuracy, make_trainer, train_loader

import lightning_synthaug as sa
from lightning_synthaug.assets import demo_generator

generator = demo_generator()  # a sa.TorchGenerator; give it your own weights
aug = sa.SynthAug(generator, ratio=sa.Linear(0.0, 0.5, over="40%"), cache="cache", seed=7)

for name, callbacks in {"without": [], "with": [aug]}.items():
    trainer = make_trainer(callbacks=callbacks)
    model = Classifier()
    trainer.fit(model, train_loader())
    print(f"{PACKAGE}, {name} SynthAug: {trainer.global_step} steps, {accuracy(model):.1%} right")
