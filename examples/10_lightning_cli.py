"""The existing project under LightningCLI: mixing comes from YAML and flags, the code does not mention it.

python 10_lightning_cli.py fit --config 10_lightning_cli.yaml --trainer.callbacks.ratio.end=0.4
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from existing_project import PACKAGE, Classifier, Digits, accuracy, pl
from torch.utils.data import DataLoader


class Data(pl.LightningDataModule):
    def __init__(self, batch_size: int = 20) -> None:
        super().__init__()
        self.batch_size = batch_size

    def train_dataloader(self) -> DataLoader:
        return DataLoader(Digits(train=True), batch_size=self.batch_size, shuffle=True)


if __name__ == "__main__":
    yaml = str(Path(__file__).with_suffix(".yaml"))
    flags = ["fit", f"--config={yaml}", "--trainer.callbacks.ratio.end=0.4"]
    command = import_module(f"{PACKAGE}.cli").LightningCLI(
        Classifier,
        Data,
        args=None if sys.argv[1:] else flags,
        seed_everything_default=7,
        save_config_kwargs={"overwrite": True},
    )
    aug = command.trainer.callbacks[0]
    print(f"{type(aug).__name__} from {type(aug).__module__}: {aug.ratio}, seed {aug.seed}")
    print(f"{command.trainer.global_step} steps, {accuracy(command.model):.1%} right")
