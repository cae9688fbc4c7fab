from __future__ import annotations

from typing import Any

import torch
from torch.utils.data import TensorDataset

from lightning_synthaug.fitting.step_module import StepModule


class Line(StepModule):
    """Fits one number."""

    kind = "line"

    def __init__(self, total_steps: int = 100) -> None:
        super().__init__(learning_rate=0.5, total_steps=total_steps)
        self.slope = torch.nn.Parameter(torch.zeros(()))
        self.own = torch.optim.SGD([self.slope], 0.5)

    def samples(self, data: Any) -> TensorDataset:
        return TensorDataset(data)

    def step_on(self, batch: Any) -> dict[str, torch.Tensor]:
        loss = (self.slope * batch[0] - batch[0]).square().mean()
        loss.backward()
        self.own.step()
        self.own.zero_grad()
        return {"square": loss}

    def loss_on(self, data: Any) -> float:
        return float((self.slope.detach() * data - data).square().mean())

    def judged_weights(self) -> dict[str, torch.Tensor]:
        return {"slope": self.slope}

    def take_weights(self, weights: Any) -> None:
        self.slope.data = weights["slope"]

    def show(self, writer: Any, step: int) -> None: ...

    def optimizers(self, **_: Any) -> Any:
        return self.own


def test_progress_is_by_steps_or_by_time_whichever_is_further() -> None:
    module = Line()
    module.steps_done = 25
    assert module.progress == 0.25
    module.hurry = 0.5
    assert module.progress == 0.5
    module.steps_done = 1000
    assert module.progress == 1.0


def test_steps_rise_and_then_fall_with_the_progress() -> None:
    module, batch, sizes = Line(), (torch.ones(2),), []
    for _ in range(100):
        losses = module.training_step(batch, 0)
        sizes.append(module.own.param_groups[0]["lr"])
    assert sizes[0] < sizes[2] < sizes[5]
    assert sizes[10] > sizes[50] > sizes[99] > 0
    assert max(sizes) <= 0.5
    assert module.steps_done == 100
    assert not losses["square"].requires_grad
    assert module.loss_on(torch.ones(2)) < 1e-3
