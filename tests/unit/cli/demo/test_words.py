from __future__ import annotations

import pytest

from lightning_synthaug.cli.demo.results import Run
from lightning_synthaug.cli.demo.words import Story, render_table

CLEAR, OPEN = (-0.01, 0.0, 0.01), (-0.2, 0.0, 0.2)
ARMS = ("synthetic", "constant", "ramp", "bound")


def story(**arms: tuple[float, tuple[float, ...]]) -> Story:
    """A made-up table: each arm's mean difference to `base`, and how it spreads over the seeds."""
    runs = [Run(5, "base", seed, 0.5 + 0.1 * seed, 1.0) for seed in range(3)]
    for arm in ARMS:
        mean, spread = arms[arm]
        runs += [
            Run(5, arm, seed, 0.5 + 0.1 * seed + mean + spread[seed], 1.0) for seed in range(3)
        ]
    return Story(
        runs,
        baseline="base",
        synthetic="synthetic",
        mixed=ARMS[1:3],
        bound="bound",
        fitted_on=719,
    )


USUAL = {
    "synthetic": (0.05, CLEAR),
    "constant": (0.1, CLEAR),
    "ramp": (0.1, CLEAR),
    "bound": (0.2, CLEAR),
}


def told(**arms: tuple[float, tuple[float, ...]]) -> str:
    given = USUAL | arms
    return " ".join(story(**given).paragraphs()[0].split())


BETTER, WORSE, UNCLEAR = (0.1, CLEAR), (-0.1, CLEAR), (0.05, OPEN)


@pytest.mark.parametrize(
    ("arm", "said"),
    [
        (BETTER, "- constant is better by 10.0 points (interval +7.5 to +12.5)"),
        (WORSE, "- constant is worse by 10.0 points (interval -12.5 to -7.5)"),
        (UNCLEAR, "- constant makes no clear difference: +5.0 points (interval -44.7 to +54.7)"),
        ((-0.05, OPEN), "- constant makes no clear difference: -5.0 points"),
    ],
)
def test_each_difference_is_said_whichever_way_it_falls(
    arm: tuple[float, tuple[float, ...]], said: str
) -> None:
    assert said in told(constant=arm)


@pytest.mark.parametrize(
    ("constant", "ramp", "said"),
    [
        (BETTER, BETTER, "So synthetic digits help here, on top"),
        (WORSE, WORSE, "So synthetic digits do harm here, on top"),
        (UNCLEAR, UNCLEAR, "So it is open whether synthetic digits help here"),
        (BETTER, UNCLEAR, "help here in one way of mixing; for the other it is open"),
        (UNCLEAR, BETTER, "help here in one way of mixing; for the other it is open"),
        (WORSE, UNCLEAR, "do harm here in one way of mixing; for the other it is open"),
        (UNCLEAR, WORSE, "do harm here in one way of mixing; for the other it is open"),
        (BETTER, WORSE, "help here in one way of mixing and do harm in the other"),
    ],
)
def test_the_arms_that_mix_are_summed_up(
    constant: tuple[float, tuple[float, ...]], ramp: tuple[float, tuple[float, ...]], said: str
) -> None:
    assert said in told(constant=constant, ramp=ramp)


@pytest.mark.parametrize(
    ("ramp", "said"),
    [
        ((0.2, CLEAR[::-1]), "Held against constant, - ramp is better by 10.0 points"),
        ((0.0, CLEAR[::-1]), "Held against constant, - ramp is worse by 10.0 points"),
        (
            (0.1, CLEAR[::-1]),
            "Held against constant, - ramp makes no clear difference: +0.0 points",
        ),
    ],
)
def test_the_ramp_is_held_against_the_constant(
    ramp: tuple[float, tuple[float, ...]], said: str
) -> None:
    assert said in told(ramp=ramp)


@pytest.mark.parametrize("arm", ["constant", "ramp"])
@pytest.mark.parametrize(
    ("synthetic", "said"),
    [
        ((0.05, CLEAR[::-1]), "is better by 5.0 points (interval +"),
        ((0.15, CLEAR[::-1]), "is worse by 5.0 points (interval -"),
        ((0.15, OPEN), "makes no clear difference: -5.0 points"),
    ],
)
def test_arms_that_mix_are_held_against_synthetic_only(
    arm: str, synthetic: tuple[float, tuple[float, ...]], said: str
) -> None:
    shown = told(synthetic=synthetic)
    group = shown[shown.index("Held against synthetic,") : shown.index("Held against constant,")]
    assert f"- {arm} {said}" in group


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        ((0.2, CLEAR[::-1]), "bound is better by 10.0 points (interval +5.0 to +15.0)"),
        ((0.05, CLEAR[::-1]), "bound is worse by 5.0 points (interval -10.0 to -0.0)"),
        ((0.15, OPEN), "bound makes no clear difference: +5.0 points"),
    ],
)
def test_the_upper_bound_is_held_against_each_arm_that_mixes_with_an_interval(
    bound: tuple[float, tuple[float, ...]], said: str
) -> None:
    shown = told(bound=bound)
    constant, ramp = (shown.index(f"Held against {arm},") for arm in ("constant", "ramp"))
    assert f"- {said}" in shown[constant:ramp]
    assert f"- {said}" in shown[ramp:]
    assert "%)" not in shown, "no ratio of means, which has no interval here"


def test_the_opening_gives_the_baseline_and_the_end_says_how_to_read() -> None:
    made = story(**USUAL).paragraphs()
    assert made[0].startswith("With 5 real digits of each class, base answers 60.0% of the test")
    end = " ".join(made[-1].split())
    assert "paired over 3 seeds" in end
    assert "fitted on 719 further real digits, which base never saw" in end
    assert "not other test digits, another pool or another generator" in end
    assert "overlap by about half" in end
    assert max(len(line) for paragraph in made for line in paragraph.splitlines()) <= 100


def test_the_table_is_aligned_with_a_gap_between_sizes() -> None:
    rows = story(synthetic=BETTER, constant=BETTER, ramp=WORSE, bound=BETTER).rows
    lines = render_table([*rows, *(row._replace(size=20) for row in rows)]).splitlines()
    assert lines[2].split() == ["5", "base", "60.0%", "(baseline)", "1.0"]
    assert lines[5].split()[1:] == ["ramp", "50.0%", "-10.0", "-12.5", "to", "-7.5", "1.0"]
    assert lines[7] == ""
    assert lines[8].split()[0] == "20"
    assert len({len(line) for line in lines if line}) == 1


def test_a_table_of_one_size_has_no_gap() -> None:
    assert "\n\n" not in render_table(story(**USUAL).rows)
