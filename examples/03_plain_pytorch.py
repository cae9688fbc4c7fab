"""Mix a plain DataLoader: no trainer, a loop of your own, and a position that can be saved."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from existing_project import Classifier, accuracy, train_loader

import lightning_synthaug as sa
from lightning_synthaug.assets import demo_generator

EPOCHS = 20

torch.manual_seed(7)
loader = train_loader()
mixed = sa.mix(
    loader,
    demo_generator(),
    ratio=sa.Piecewise([("0%", 0.0), ("50%", 0.6), ("100%", 0.2)]),
    total_batches=EPOCHS * len(loader),
    cache="cache",
    seed=7,
)
net = Classifier().net
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)

for epoch in range(EPOCHS):
    synthetic = rows = 0
    for images, labels in mixed:
        info = sa.batch_info(mixed)
        synthetic, rows = synthetic + int(info.is_synthetic.sum()), rows + len(labels)
        optimizer.zero_grad()
        F.cross_entropy(net(images), labels).backward()
        optimizer.step()
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1:2d}: {synthetic:3d} of {rows} rows synthetic")

model = Classifier()
model.net = net
print(f"{accuracy(model):.1%} right; to go on later, save {mixed.state_dict()}")
