"""Mix in Hugging Face's Trainer: one method, and another one for what wants to know each row's origin."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from existing_project import Classifier, Digits, accuracy
from transformers import Trainer, TrainingArguments

import lightning_synthaug as sa
from lightning_synthaug.assets import demo_generator


class Net(torch.nn.Module):
    """The project's network, with the inputs and outputs of a Hugging Face model."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Classifier().net

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        logits = self.net(images)
        return {"loss": F.cross_entropy(logits, labels), "logits": logits}


def as_inputs(items: list[Any]) -> dict[str, torch.Tensor]:
    images, labels = zip(*items, strict=True)
    return {"images": torch.stack(images), "labels": torch.tensor(labels)}


class MixedTrainer(Trainer):
    synthetic = 0

    def get_train_dataloader(self) -> Any:
        loader = super().get_train_dataloader()
        return sa.mix(
            loader,
            demo_generator(),
            ratio=sa.Linear(0.0, 0.5, over="40%"),
            total_batches=int(len(loader) * self.args.num_train_epochs),
            cache="cache",
            seed=7,
        )

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if model.training:
            self.synthetic += int(sa.batch_info(self, inputs).is_synthetic.sum())
        return super().compute_loss(model, inputs, *args, **kwargs)


def train(epochs: int = 10, resume: str | None = None) -> MixedTrainer:
    arguments = TrainingArguments(
        output_dir="runs",
        use_cpu=True,
        num_train_epochs=epochs,
        per_device_train_batch_size=20,
        learning_rate=3e-3,
        save_steps=23,  # in the middle of an epoch
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        seed=7,
    )
    trainer = MixedTrainer(Net(), arguments, as_inputs, train_dataset=Digits(train=True))
    trainer.train(resume_from_checkpoint=resume)
    return trainer


print(f"whole run: {train().synthetic} rows synthetic")
trainer = train(resume="runs/checkpoint-23")
model = Classifier()
model.net = trainer.model.net
print(f"from step 23 on: {trainer.synthetic} rows synthetic, {accuracy(model):.1%} right")
