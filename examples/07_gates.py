"""Train only on synthetic digits that show what was asked for, look like real ones, and copy none of them."""

from existing_project import Classifier, accuracy, make_trainer, train_loader

import lightning_synthaug as sa
from lightning_synthaug.assets import demo_generator
from lightning_synthaug.store import Store

gates = [sa.LabelConsistency(), sa.FidelityBand(), sa.NearDuplicate()]
aug = sa.SynthAug(demo_generator(), ratio=0.5, gates=gates, cache="cache", seed=7)
trainer = make_trainer(callbacks=[aug])
model = Classifier()
trainer.fit(model, train_loader())
print(f"{trainer.global_step} steps, {accuracy(model):.1%} right")

with Store.open("cache") as store:  # what each gate said of the samples stays there
    for gate in store.gates():
        print(f"gate {gate.gate[:8]}: {gate.accepted} accepted, {gate.refused} refused")
