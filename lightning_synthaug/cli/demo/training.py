"""One run: a Lightning project as a user would write it, with the callback as its only addition."""

from __future__ import annotations

import io
import logging
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any, NamedTuple, final

import torch
import torch.nn.functional as F
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.loggers.logger import Logger
from torch import Tensor, nn
from torch.utils.data import DataLoader

from lightning_synthaug.assets import Digits, demo_generator
from lightning_synthaug.cli.demo.configuration import Arm, Configuration
from lightning_synthaug.cli.demo.data import classical, training_set
from lightning_synthaug.lightning import SynthAug
from lightning_synthaug.plan import child_seed

__all__ = ["DigitClassifier", "MemoryLogger", "ShareCourse", "accuracy", "quiet", "train"]


class ShareCourse(NamedTuple):
    """The synthetic share over a run, as logged.

    Attributes:
        step: Steps at the end of each interval.
        planned: Share planned in it.
        served: Share served in it.
    """

    step: list[int]
    planned: list[float]
    served: list[float]


@final
class DigitClassifier(LightningModule):
    """A small convolutional network.

    Args:
        config: Network and optimizer settings.
    """

    def __init__(self, config: Configuration) -> None:
        super().__init__()
        self.config = config
        first, second = config.channels
        self.net = nn.Sequential(
            nn.Conv2d(1, first, 3, padding=1), nn.ReLU(),
            nn.Conv2d(first, second, 3, padding=1, stride=2), nn.ReLU(),
            nn.Flatten(), nn.Dropout(config.dropout), nn.Linear(16 * second, 10),
        )  # fmt: skip

    def forward(self, images: Tensor) -> Tensor:
        """Classify uint8 images of shape `(n, 1, 8, 8)`; logits of shape `(n, 10)`."""
        logits: Tensor = self.net(images.float() / 255)
        return logits

    def training_step(self, batch: list[Tensor], _: int) -> Tensor:
        """Return the loss of a batch."""
        images, labels = batch
        return F.cross_entropy(self(images), labels)

    def configure_optimizers(self) -> Any:
        """Return AdamW under a one-cycle schedule over all steps."""
        config = self.config
        optimizer = torch.optim.AdamW(
            self.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        scheduler = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, config.learning_rate, total_steps=config.steps
        )
        return [optimizer], [{"scheduler": scheduler, "interval": "step"}]


@final
class MemoryLogger(Logger):
    """Keep what is logged: a logger like any other, for the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.course = ShareCourse([], [], [])

    @property
    def name(self) -> str:
        """Name of the experiment."""
        return "demo"

    @property
    def version(self) -> str:
        """Version of the experiment."""
        return "0"

    def log_hyperparams(self, *_: Any, **__: Any) -> None:
        """Keep nothing."""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Keep the shares."""
        if "synthaug/ratio_planned" in metrics:
            self.course.step.append((step or 0) + 1)  # a logger counts from 0
            self.course.planned.append(metrics["synthaug/ratio_planned"])
            self.course.served.append(metrics["synthaug/ratio_served"])


def train(
    arm: Arm, digits: Digits, *, config: Configuration, seed: int, cache: Path
) -> tuple[DigitClassifier, ShareCourse, float]:
    """Train one classifier.

    Args:
        arm: How.
        digits: Its real digits.
        config: Settings.
        seed: Run seed and generation seed: they vary together from one repetition to the next.
        cache: Folder for generated digits; arms of one seed share them.

    Returns:
        The classifier, the synthetic share over the run, and the seconds it took.
    """
    began = time.perf_counter()
    logger = MemoryLogger()
    aug = SynthAug(
        demo_generator(),
        ratio=arm.ratio,
        transform=classical() if arm.classical else None,
        cache=cache,
        seed=seed,
        generation_seed=seed,
    )
    # The same first weights in each arm of a seed; the caller's random state stays as it was.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(child_seed(seed, "demo-weights"))
        model = DigitClassifier(config)
        trainer = Trainer(
            max_steps=config.steps,
            max_epochs=-1,
            accelerator="cpu",
            devices=1,
            logger=logger,
            log_every_n_steps=config.log_every,
            callbacks=[aug],
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        loader = DataLoader(
            training_set(digits, config.epoch), batch_size=config.batch_size, shuffle=True
        )
        _fit(trainer, model, loader)
    return model, logger.course, time.perf_counter() - began


def _fit(trainer: Trainer, model: DigitClassifier, loader: DataLoader[Any]) -> None:
    """Fit; Ctrl-C ends the demo, where Lightning would end the fit (to 2.4) or exit silently (since 2.5).

    What each of many fits remarks about its cache stays off the screen, which shows one bar.
    """
    try:
        with redirect_stderr(io.StringIO()):
            trainer.fit(model, loader)
    except SystemExit as ended:
        raise KeyboardInterrupt from ended
    if trainer.interrupted:
        raise KeyboardInterrupt


def accuracy(model: DigitClassifier, digits: Digits) -> float:
    """Test a trained classifier.

    Args:
        model: The classifier.
        digits: Digits that it never saw.

    Returns:
        Share of right answers, in [0, 1].
    """
    model.eval()
    with torch.inference_mode():
        answers = model(torch.from_numpy(digits.images).unsqueeze(1)).argmax(1)
    return float((answers == torch.from_numpy(digits.labels)).float().mean())


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Lightning's remarks on each of many runs off the screen, and torch on one thread.

    Batches this small are slower on several threads.
    """
    log, threads = logging.getLogger("lightning.pytorch"), torch.get_num_threads()
    level = log.level
    log.setLevel(logging.ERROR)
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
        torch.set_num_threads(threads)
