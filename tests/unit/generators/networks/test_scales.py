from __future__ import annotations

import pytest

from lightning_synthaug.generators.networks.scales import coarse_size, depths, halvings


@pytest.mark.parametrize("rows", [4, 5, 7, 8, 28, 33, 64, 100, 128])
@pytest.mark.parametrize("columns", [4, 9, 31, 128])
def test_the_coarsest_scale_grows_to_at_least_the_image(rows: int, columns: int) -> None:
    factor = 2 ** halvings(rows, columns)
    coarse = coarse_size(rows, columns)
    assert min(coarse) >= 2
    assert coarse[0] * factor >= rows > (coarse[0] - 1) * factor
    assert coarse[1] * factor >= columns > (coarse[1] - 1) * factor


def test_channels_double_up_to_the_limit() -> None:
    assert depths(8, 24, 3) == [8, 16, 24]
