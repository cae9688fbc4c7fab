"""What is shipped: small, of the partner's digits, and good enough to learn from."""

from __future__ import annotations

import json

import numpy as np

from lightning_synthaug.assets import DEMO_CARD, demo_generator, digits_split
from lightning_synthaug.data.record import Record
from lightning_synthaug.fitting.data import fit_data
from lightning_synthaug.generators import Request, request_seed


def test_weights_and_card_stay_below_half_a_megabyte() -> None:
    assert (
        sum(DEMO_CARD.with_suffix(ending).stat().st_size for ending in (".json", ".safetensors"))
        < 500_000
    )


def test_the_card_says_which_digits_it_was_fitted_on() -> None:
    card = json.loads(DEMO_CARD.read_text("utf-8"))
    split = digits_split()
    assert card["data"]["digest"] == fit_data(split.partner.images, split.partner.labels).digest
    assert {"licence", "source", "intended_use", "figures", "settings", "versions"} <= set(card)


def test_samples_teach_what_digits_look_like() -> None:
    generator = demo_generator(batch_size=250)
    generator.load("cpu")
    requests = [
        Request(
            label=number % 10,
            number=number // 10,
            seed=request_seed(0, label=number % 10, number=number // 10),
        )
        for number in range(1000)
    ]
    made = [record for record in generator.generate(requests) if isinstance(record, Record)]
    generator.unload()
    samples = np.stack([np.asarray(record["image"], np.float64).ravel() for record in made])
    labels = np.asarray([record["label"] for record in made])
    assert len({sample.tobytes() for sample in samples}) == 1000
    # The nearest sample's label, for digits of the partner: no fitting, and nothing of the test digits.
    partner = digits_split().partner
    digits = partner.images.reshape(len(partner), -1).astype(np.float64)
    distances = (digits**2).sum(1)[:, None] - 2 * digits @ samples.T + (samples**2).sum(1)
    assert (labels[distances.argmin(1)] == partner.labels).mean() > 0.95
