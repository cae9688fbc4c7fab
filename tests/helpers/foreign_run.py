"""Runs under accelerate, Fabric and Hugging Face's Trainer that write down what they are trained on.

Run as `python foreign_run.py SPEC` in each of two processes, where SPEC is a JSON object with `rank`, `folder` and
`runs`: lists of [name, framework, options].
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

import lightning_synthaug as sa
from lightning_synthaug.plan import REAL, Plan, rank_rows
from tests.helpers.leaving import leave_in_order
from tests.helpers.traced import CLASSES, SIDE, read, traced_dataset

SIZE, BATCH, EPOCHS = 45, 8, 3
BATCHES, PER_EPOCH, STOP = 18, 6, 9  # the stop lies within the second epoch
Stream = dict[int, list[list[int]]]


def mixed(loader: Any) -> Any:
    ramp = sa.Linear(0.0, 0.8, over="60%")
    return sa.mix(loader, traced_dataset(9, source=1), ramp, total_batches=BATCHES, seed=3)


def user_loader(batch: int, workers: int, **options: Any) -> DataLoader[Any]:
    options = {"shuffle": True} | options
    return DataLoader(traced_dataset(SIZE), batch, num_workers=workers, **options)


def pure_plan() -> Plan:
    """The plan of the run in one process, without a framework."""
    loader = mixed(user_loader(BATCH, 0))
    next(iter(loader))
    plan: Plan = loader.feed.plan
    return plan


def expected(plan: Plan, rank: int, world: int, start: int = 0, stop: int = BATCHES) -> Stream:
    """(source, index) of the rows that a rank must be given in each batch."""
    out = {}
    for number in range(start, stop):
        slots = plan.batch(number)
        rows = rank_rows(slots.source != REAL, rank, world)
        out[number] = [
            [int(s), int(i)] for s, i in zip(slots.source[rows], slots.index[rows], strict=True)
        ]
    return out


class Seen:
    """What was trained on, by number; each batch must be what `batch_info` says of it."""

    def __init__(self) -> None:
        self.batches: Stream = {}

    def add(self, info: sa.BatchInfo, images: torch.Tensor) -> None:
        rows = [[s.source, s.index] for s in read(images)]
        assert [bool(source) for source, _ in rows] == info.is_synthetic.tolist()
        assert info.number not in self.batches
        self.batches[info.number] = rows


def by_accelerate(
    folder: Path,
    *,
    workers: int = 0,
    stop: int = BATCHES,
    resume: str = "",
    accumulate: int = 1,
    split: bool = False,
    **config: Any,
) -> Stream:
    """Train in an accelerate loop; `resume` by "state" or "skip"; saves at the stop."""
    from accelerate import Accelerator, DataLoaderConfiguration

    accelerator = Accelerator(
        cpu=True,
        gradient_accumulation_steps=accumulate,
        dataloader_config=DataLoaderConfiguration(split_batches=split, **config),
    )
    size = BATCH if split else BATCH // accelerator.num_processes
    model = torch.nn.Linear(SIDE * SIDE, CLASSES)
    model, optimizer = accelerator.prepare(model, torch.optim.SGD(model.parameters(), lr=0.01))
    loader = mixed(accelerator.prepare(user_loader(size, workers)))
    assert accelerator.prepare(loader) is loader
    assert len(loader) == PER_EPOCH
    if resume != "skip":
        accelerator.register_for_checkpointing(loader)
    seen, done = Seen(), 0
    if resume == "state":
        accelerator.load_state(str(folder))
        done = loader.state_dict()["batches"]
    elif resume == "skip":
        done = STOP
    while done < stop:
        active = loader
        if resume == "skip" and done == STOP:
            loader.set_epoch(done // PER_EPOCH)
            active = accelerator.skip_first_batches(loader, done % PER_EPOCH)
        for images, labels in active:
            done += 1
            with accelerator.accumulate(model):
                batch = (images, labels) if accumulate > 1 else None
                seen.add(sa.batch_info(active, batch), images)
                loss = torch.nn.functional.cross_entropy(model(images.flatten(1) / 255), labels)
                accelerator.backward(loss)
                last = done % PER_EPOCH == 0
                if active is loader:
                    assert accelerator.gradient_state.end_of_dataloader == last
                assert accelerator.sync_gradients == (done % PER_EPOCH % accumulate == 0 or last)
                optimizer.step()
                optimizer.zero_grad()
            if done == stop:
                break
    if stop < BATCHES:
        accelerator.save_state(str(folder))
    accelerator.free_memory()
    return seen.batches


def by_fabric(folder: Path, *, workers: int = 0, stop: int = BATCHES, resume: str = "") -> Stream:
    """Train in a Fabric loop; the checkpoint holds the loader; saves at the stop."""
    from lightning.fabric import Fabric

    world = int(os.environ.get("WORLD_SIZE", 1))
    fabric = Fabric(accelerator="cpu", devices=world, strategy="ddp" if world > 1 else "auto")
    fabric.launch()
    layer = torch.nn.Linear(SIDE * SIDE, CLASSES)
    model, optimizer = fabric.setup(layer, torch.optim.SGD(layer.parameters(), lr=0.01))
    plain = mixed(user_loader(BATCH // world, workers))
    loader = fabric.setup_dataloaders(plain)
    state = {"model": model, "optimizer": optimizer, "loader": loader}
    if resume:
        fabric.load(folder / "fabric.ckpt", state)
    seen = Seen()
    done = plain.state_dict()["batches"]
    while done < stop:
        for images, labels in loader:
            done += 1
            seen.add(sa.batch_info(loader), images)
            assert sa.batch_info(plain).number == done - 1
            fabric.backward(
                torch.nn.functional.cross_entropy(model(images.flatten(1) / 255), labels)
            )
            optimizer.step()
            optimizer.zero_grad()
            if done == stop:
                break
    if stop < BATCHES:
        fabric.save(folder / "fabric.ckpt", state)
    return seen.batches


class Net(torch.nn.Module):
    """What Hugging Face's Trainer calls a model: names its inputs, returns its loss."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(SIDE * SIDE, CLASSES)

    def forward(self, images: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        logits = self.layer(images.flatten(1) / 255)
        loss = torch.nn.functional.cross_entropy(logits, labels)
        return {"loss": loss, "logits": logits}


def as_inputs(items: list[Any]) -> dict[str, torch.Tensor]:
    images, labels = zip(*items, strict=True)
    return {"images": torch.stack(images), "labels": torch.stack(labels)}


def by_huggingface(
    folder: Path,
    *,
    workers: int = 0,
    stop: int = BATCHES,
    resume: str = "",
    accumulate: int = 1,
    give_batch: bool = True,
    **options: Any,
) -> Stream:
    """Train with Hugging Face's Trainer; stops, and saves, after a number of batches."""
    from transformers import Trainer, TrainerCallback, TrainingArguments

    seen = Seen()

    class Mixed(Trainer):  # type: ignore[misc]
        def get_train_dataloader(self) -> Any:
            self.mixed = mixed(super().get_train_dataloader())
            return self.mixed

        def compute_loss(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            if model.training:
                info = sa.batch_info(self, inputs if give_batch else None)
                seen.add(info, inputs["images"])
                assert sa.batch_info(self.mixed, inputs).number == info.number
            return super().compute_loss(model, inputs, *args, **kwargs)

    class Stop(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step * accumulate == stop < BATCHES:
                control.should_save = control.should_training_stop = True

    world = int(os.environ.get("WORLD_SIZE", 1))
    arguments = TrainingArguments(
        output_dir=str(folder),
        use_cpu=True,
        ddp_backend="gloo" if world > 1 else None,
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH // world,
        gradient_accumulation_steps=accumulate,
        dataloader_num_workers=workers,
        dataloader_pin_memory=False,
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        **options,
    )
    trainer = Mixed(
        model=Net(),
        args=arguments,
        train_dataset=traced_dataset(SIZE),
        eval_dataset=traced_dataset(5),
        data_collator=as_inputs,
        callbacks=[Stop()],
    )
    trainer.train(resume_from_checkpoint=resume or None)
    return seen.batches


FRAMEWORKS: dict[str, Callable[..., Stream]] = {
    "accelerate": by_accelerate,
    "fabric": by_fabric,
    "huggingface": by_huggingface,
}


def main(spec: dict[str, Any]) -> None:
    """Do some runs one after the other, in the process group that the first one sets up."""
    torch.set_num_threads(1)
    leave_in_order()
    folder = Path(spec["folder"])
    told = {}
    for name, framework, options in spec["runs"]:
        told[name] = FRAMEWORKS[framework](folder / framework, **options)
    (folder / f"rank{spec['rank']}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
