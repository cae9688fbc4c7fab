from __future__ import annotations

import pytest

from lightning_synthaug.generators.gates.scale import scale_of


@pytest.mark.parametrize(
    ("extremes", "scale"),
    [
        ([(0.2, 0.9), (0.0, 0.3)], (-0.05, 1.05)),
        ([(-0.2, 0.9)], (-1.1, 1.1)),
        ([(0.0, 3.0)], (-12.75, 267.75)),
        ([(-300.0, 4.0)], (-32768 - 3276.75, 32767 + 3276.75)),
        ([(-1e5, 1e5)], (-1.1e5, 1.1e5)),
    ],
)
def test_the_narrowest_usual_scale_that_holds_all(
    extremes: list[tuple[float, float]], scale: tuple[float, float]
) -> None:
    assert scale_of(extremes) == pytest.approx(scale)
