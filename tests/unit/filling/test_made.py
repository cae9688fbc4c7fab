"""What becomes of a batch: served, tried again, given up."""

from __future__ import annotations

from lightning_synthaug.filling.made import MAX_ATTEMPTS, Open, Tally
from lightning_synthaug.filling.places import GIVEN_UP
from lightning_synthaug.generators import Request


def opened(identity: int, attempt: int = 0) -> Open:
    return Open(identity, Request(None, identity, attempt=attempt), bytes(16))


def test_each_request_has_one_fate() -> None:
    tally = Tally(lambda o, attempt: opened(o.identity, attempt))
    tally.serve(opened(1), 5, 7)
    tally.refuse(opened(2))
    tally.refuse(opened(3, MAX_ATTEMPTS - 1))
    tally.retry([opened(4, 1)])
    tally.put_off(opened(5))
    made = tally.made(stored=3, answered=5)
    assert made.identities.tolist() == [1, 3]
    assert made.places.tolist() == [[5, 7], [GIVEN_UP, GIVEN_UP]]
    assert [(o.identity, o.request.attempt) for o in made.retry] == [(2, 1), (4, 1)]
    assert (made.stored, made.answered, made.given_up) == (3, 4, 1)
    assert [o.identity for o in made.put_off] == [5]
    assert not made.idle


def test_where_all_is_put_off_nothing_was_answered() -> None:
    tally = Tally(lambda o, _: o)
    tally.put_off(opened(1))
    assert tally.made(answered=1).idle


def test_nothing_has_no_places() -> None:
    made = Tally(lambda o, _: o).made()
    assert made.places.shape == (0, 2)
    assert made.given_up == 0
