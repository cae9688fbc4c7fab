"""Mix under accelerate: prepare the loader, then mix it; `save_state` keeps the position."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from accelerate.utils import set_seed
from existing_project import Classifier, accuracy, train_loader

import lightning_synthaug as sa
from lightning_synthaug.assets import demo_generator

EPOCHS = 10


def train(*, stop: int, resume: bool = False) -> Classifier:
    accelerator = Accelerator(cpu=True)
    set_seed(7)
    model = Classifier()
    net, optimizer, loader = accelerator.prepare(
        model.net, torch.optim.Adam(model.net.parameters(), lr=3e-3), train_loader()
    )
    loader = sa.mix(
        loader,
        demo_generator(),
        ratio=sa.Linear(0.0, 0.5, over="40%"),
        total_batches=EPOCHS * len(loader),
        cache="cache",
        seed=7,
    )
    accelerator.register_for_checkpointing(loader)
    if resume:
        accelerator.load_state("state")
    done = first = loader.state_dict()["batches"]
    synthetic = 0
    while done < stop:
        for images, labels in loader:
            info = sa.batch_info(loader)  # under gradient accumulation, give the batch as well
            synthetic += int(info.is_synthetic.sum())
            optimizer.zero_grad()
            loss = F.cross_entropy(net(images), labels, reduction="none")
            accelerator.backward(info.weighted_mean(loss))
            optimizer.step()
            done += 1
            if done == stop:
                break
    accelerator.print(f"batches {first} to {done - 1}: {synthetic} rows synthetic")
    accelerator.save_state("state")
    return model


train(stop=23)  # in the middle of an epoch
print(f"{accuracy(train(stop=50, resume=True)):.1%} right")
