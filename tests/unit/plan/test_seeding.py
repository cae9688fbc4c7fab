from __future__ import annotations

import numpy as np

from lightning_synthaug.plan import child_seed, hash64
from lightning_synthaug.plan.seeding import groups_of


def test_seeds_depend_on_every_part_of_their_path() -> None:
    paths = [(0, "a"), (1, "a"), (0, "b"), (0, "a", 1), (0, "a", "1"), (0, "a", 1, 2), (-1, "a")]
    seeds = [child_seed(*path) for path in paths]
    assert len(set(seeds)) == len(paths)
    assert all(0 <= s < 2**64 for s in seeds)


def test_known_values_stay() -> None:
    """Every stream hangs on these."""
    assert child_seed(7, "real", 0) == 17_834_547_679_224_604_860
    assert child_seed(2**63, "pool", "gan", 3) == 17_424_205_356_366_310_772
    assert hash64(1, [0, 1]).tolist() == [6_238_072_747_940_578_789, 10_451_216_379_200_822_465]


def test_integers_of_other_types_give_the_same() -> None:
    numbers = (np.int64(7), "real", np.int32(3))
    assert child_seed(*numbers) == child_seed(7, "real", 3)  # type: ignore[arg-type]
    assert hash64(1, [0, 1]).tolist() == hash64(np.array([1, 1], np.uint64), [0, 1]).tolist()


def test_hashes_are_spread_over_all_bits() -> None:
    hashes = hash64(3, np.arange(10_000))
    bits = np.unpackbits(hashes.view(np.uint8)).reshape(10_000, 64).mean(axis=0)
    assert (np.abs(bits - 0.5) < 0.03).all()
    assert np.unique(hashes).size == 10_000


def test_groups_hold_each_number_once_and_in_order() -> None:
    for most in (1, 3, 1000, 70_000):
        values = (hash64(1, np.arange(500)) % np.uint64(most)).astype(np.int64)
        order, groups = groups_of(values)
        assert sorted(order.tolist()) == list(range(500))
        assert [v for v, _ in groups] == sorted(set(values.tolist()))
        for value, part in groups:
            assert order[part].tolist() == np.flatnonzero(values == value).tolist()
    order, groups = groups_of(values[:0])
    assert (order.size, groups) == (0, [])
