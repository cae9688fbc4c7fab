"""Transforms of batches without a trainer."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import lightning_synthaug as sa
from lightning_synthaug.errors import ConfigError
from lightning_synthaug.mixing.ondevice import images_of, on_device

X = torch.arange(24.0).reshape(4, 2, 3)


def drawn(*tensors: torch.Tensor) -> Any:
    """Draws from each global state."""
    step = float(torch.rand(())) + random.random() + float(np.random.rand())  # noqa: NPY002
    made = [t + step for t in tensors]
    return made if len(made) > 1 else made[0]


def test_the_seed_decides_and_global_states_stay() -> None:
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # noqa: NPY002
    (one,), (again,), (other,) = (on_device(drawn, [X], None, seed) for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before[:2]  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), before[2])


def test_some_rows_of_several_tensors() -> None:
    masks = X > 5
    made = on_device(lambda x, m: (x + 1, ~m), [X, masks], torch.tensor([1, 3]), 1)
    assert torch.equal(made[0][[1, 3]], X[[1, 3]] + 1) and torch.equal(made[0][[0, 2]], X[[0, 2]])
    assert torch.equal(made[1][[1, 3]], ~masks[[1, 3]]) and torch.equal(
        made[1][[0, 2]], masks[[0, 2]]
    )
    untouched = on_device(drawn, [X], torch.tensor([], dtype=torch.int64), 1)
    assert untouched[0] is X
    with pytest.raises(ConfigError, match=r"same shape where only some rows.*SA612"):
        on_device(lambda x: x[:, :1], [X], torch.tensor([1]), 1)


@pytest.mark.filterwarnings("ignore:.*output_type")
@pytest.mark.parametrize("form", ["tensor", "dict"])
def test_torch_audiomentations_change_a_batch_of_waves(form: str) -> None:
    import torch_audiomentations as ta

    of: dict[str, Any] = {"sample_rate": 8000, "output_type": form}
    change = ta.Compose([ta.Gain(p=0.7, **of), ta.AddColoredNoise(p=0.7, **of)], output_type=form)
    waves = torch.sin(torch.arange(4000.0)).repeat(6, 1, 1)
    (one,), (again,), (other,) = (on_device(change, [waves], None, seed) for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert len({row.numpy().tobytes() for row in one}) > 3, "each row is changed in its own way"
    (some,) = on_device(change, [waves], torch.tensor([2]), 1)
    assert torch.equal(some[[0, 1, 3, 4, 5]], waves[:5])


def test_images_are_found_and_masks_beside_them_refused() -> None:
    assert images_of(X) is X and images_of((X, 1, "a")) is X and images_of([X]) is X
    assert images_of({"id": [1], "pixel_values": X}) is X
    assert images_of({"label": torch.zeros(4), "waveform": X}) is X
    for batch in ((torch.zeros(4), X), {"id": X}, "text", [], (X, X), {"x": X, "m": X}):
        with pytest.raises(ConfigError, match=r"needs a batch.*SA612"):
            images_of(batch)


def test_a_plain_loop_asks_the_loader() -> None:
    real, made = TensorDataset(X, torch.zeros(4)), TensorDataset(X + 100, torch.ones(4))

    def run(workers: int, on: Any) -> list[torch.Tensor]:
        mixed = sa.mix(DataLoader(real, 2, num_workers=workers), made, 0.5, seed=3)
        return [sa.batch_info(mixed).transform(drawn, x, on=on) for x, _ in mixed]

    for on in ("both", "real", "synthetic"):
        pairs = zip(run(0, on), run(2, on), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)
    with pytest.raises(ConfigError, match=r"given to the callback or the DataModule.*SA612"):
        sa.mix(DataLoader(real, 2), made, 0.5, batch_transform=drawn)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_the_generator_of_the_device_is_seeded_and_put_back() -> None:
    images, before = X.cuda(), torch.cuda.get_rng_state()
    made = [on_device(lambda x: x + torch.rand_like(x), [images], None, s)[0] for s in (1, 1, 2)]
    assert torch.equal(made[0], made[1]) and not torch.equal(made[0], made[2])
    assert torch.equal(torch.cuda.get_rng_state(), before)
