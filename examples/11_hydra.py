"""The existing project under Hydra: the package brings a config group `synthaug`; see 11_hydra.yaml.

python 11_hydra.py synthaug/ratio=cosine synthaug.ratio.end=0.4 synthaug.seed=3
"""

from __future__ import annotations

import hydra
from existing_project import Classifier, accuracy, make_trainer, train_loader
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path=".", config_name="11_hydra")
def main(config: DictConfig) -> None:
    aug = hydra.utils.instantiate(config.synthaug)
    trainer = make_trainer(callbacks=[aug], max_epochs=config.epochs)
    model = Classifier()
    trainer.fit(model, train_loader())
    print(f"{aug.ratio}, seed {aug.seed}")
    print(f"{trainer.global_step} steps, {accuracy(model):.1%} right")


if __name__ == "__main__":
    main()
