"""Mix under Lightning Fabric: mix the loader, then set it up; the checkpoint keeps the position."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from existing_project import Classifier, accuracy, train_loader
from lightning.fabric import Fabric

import lightning_synthaug as sa
from lightning_synthaug.assets import demo_generator

EPOCHS = 10


def train(fabric: Fabric, *, stop: int, resume: bool = False) -> Classifier:
    fabric.seed_everything(7)
    model = Classifier()
    net, optimizer = fabric.setup(model.net, torch.optim.Adam(model.net.parameters(), lr=3e-3))
    plain = train_loader()
    mixed = sa.mix(  # after fabric.launch(), so that the ranks are known
        plain,
        demo_generator(),
        ratio=sa.Linear(0.0, 0.5, over="40%"),
        total_batches=EPOCHS * len(plain),
        cache="cache",
        seed=7,
    )
    loader = fabric.setup_dataloaders(mixed)
    state = {"net": net, "optimizer": optimizer, "loader": mixed}
    if resume:
        fabric.load("fabric.ckpt", state)
    done = first = mixed.state_dict()["batches"]
    synthetic = 0
    while done < stop:
        for images, labels in loader:
            info = sa.batch_info(loader)
            synthetic += int(info.is_synthetic.sum())
            optimizer.zero_grad()
            loss = F.cross_entropy(net(images), labels, reduction="none")
            fabric.backward(info.weighted_mean(loss))
            optimizer.step()
            done += 1
            if done == stop:
                break
    fabric.print(f"batches {first} to {done - 1}: {synthetic} rows synthetic")
    fabric.save("fabric.ckpt", state)
    return model


fabric = Fabric(accelerator="cpu", devices=1)
fabric.launch()
train(fabric, stop=23)  # in the middle of an epoch
fabric.print(f"{accuracy(train(fabric, stop=50, resume=True)):.1%} right")
