from __future__ import annotations

import dataclasses

import numpy as np
import torch

from lightning_synthaug.generators.networks.cvae import Decoder
from lightning_synthaug.generators.networks.sounds import Spectrograms, sound_maker
from tests.helpers.waves import cents_off, sweep

RATE = 8000
SOUNDS = torch.from_numpy(np.stack([sweep(1.0, rate=RATE), 0.1 * sweep(1.0, high=3000, rate=RATE)]))
FORM = Spectrograms.of(SOUNDS, rate=RATE, bands=64)


def test_a_sound_made_of_its_picture_looks_and_sounds_like_it() -> None:
    images = FORM.images(SOUNDS)
    assert images.shape == (2, 1, 64, 63)
    assert float(images.max()) == 1.0
    made = FORM.sounds(images)
    assert made.shape == SOUNDS.shape
    assert float((FORM.images(made) - images).abs().mean()) < 0.06
    assert cents_off(made[0].numpy(), SOUNDS[0].numpy(), rate=RATE) < 60  # a band is 100 and more
    louder = 20 * torch.log10(made.std(1) / SOUNDS.std(1))
    assert louder.abs().max() < 6, "ten times softer stays ten times softer"


def test_high_is_up_black_is_silence_and_each_sound_is_its_own() -> None:
    rows = FORM.images(SOUNDS)[0, 0].argmax(0)
    assert int(rows[5]) > int(rows[55]), "the sweep rises"
    nearly_black = 0.04 * torch.rand(1, 1, 64, 63)
    images = torch.cat([nearly_black, FORM.images(SOUNDS)])
    made = FORM.sounds(images)
    assert not made[0].any()
    assert torch.equal(made[1:], FORM.sounds(images[1:]))
    assert torch.equal(made.flip(0), FORM.sounds(images.flip(0)))


def test_any_network_for_images_makes_sounds_with_its_own_weights() -> None:
    arguments = {"image_shape": [1, 64, 63], "classes": 2, "latent": 3, "width": 16}
    torch.manual_seed(0)
    pictures = Decoder(**arguments).eval()
    network = sound_maker(
        network="lightning_synthaug.generators.networks.cvae:Decoder",
        arguments=arguments,
        output_range=(0.0, 1.0),
        spectrograms=dataclasses.asdict(FORM),
    ).eval()
    network.load_state_dict(pictures.state_dict())
    given = (torch.randn(2, 3), torch.eye(2))
    with torch.inference_mode():
        made = network(*given)
        assert torch.equal(made, FORM.sounds(pictures(*given)).clamp(-1, 1))
