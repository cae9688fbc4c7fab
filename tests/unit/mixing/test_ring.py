"""Buffers that batches travel in, both halves in one process; with real workers see the integration tests."""

from __future__ import annotations

import gc
import io
import pickle
from collections import namedtuple
from multiprocessing.reduction import ForkingPickler
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lightning_synthaug.mixing.ring import BufferRing, Landing, Packed

Pair = namedtuple("Pair", ["left", "right"])

DTYPES = [torch.uint8, torch.bool, torch.int64, torch.float16, torch.bfloat16, torch.complex64]


def sent(ring: BufferRing, batch: Any) -> Any:
    """Send a batch and let it arrive."""
    file = io.BytesIO()
    ForkingPickler(file).dump(ring.pack(batch))
    return pickle.loads(file.getvalue())  # what this process wrote


def halves(slots: int = 2) -> tuple[Landing, BufferRing]:
    landing = Landing()
    return landing, BufferRing(landing.number, slots)


def alike(one: Any, other: Any) -> bool:
    """Compare two batches, types and layouts included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        same = one.dtype == other.dtype and one.stride() == other.stride()
        return same and one.shape == other.shape and torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(alike(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other)


tensors = st.builds(
    lambda shape, dtype: (
        (torch.arange(max(1, torch.Size(shape).numel())) % 7)
        .to(dtype)[: torch.Size(shape).numel()]
        .reshape(shape)
    ),
    st.lists(st.integers(0, 4), max_size=4).map(tuple),
    st.sampled_from(DTYPES),
)
batches = st.recursive(
    tensors | st.integers() | st.text(max_size=5) | st.none() | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.tuples(inner, inner).map(lambda two: Pair(*two))
    ),
    max_leaves=8,
)


@given(st.lists(batches, min_size=1, max_size=6))
def test_batches_arrive_as_they_were(several: list[Any]) -> None:
    landing, ring = halves()
    for batch in several:
        ring.begin()
        assert alike(sent(ring, batch), batch)
    del landing


def test_layouts_and_doubles_are_kept() -> None:
    landing, ring = halves()
    pixels = torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last)
    ring.begin()
    first, again, flat = sent(ring, (pixels, pixels, pixels.permute(0, 2, 3, 1).view(-1)))
    assert alike(first, pixels)
    assert first is again
    flat.zero_()
    assert not first.any()
    del landing


@pytest.mark.parametrize(
    "odd",
    [
        torch.rand(3, 4).t(),
        torch.rand(6)[::2],
        torch.rand(1).expand(5),
        torch.rand(3).requires_grad_(),
        torch.eye(3).to_sparse(),
    ],
    ids=["transposed", "strided", "expanded", "grad", "sparse"],
)
@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
def test_what_is_no_plain_tensor_goes_as_ever(odd: torch.Tensor) -> None:
    landing, ring = halves()
    plain = torch.arange(3)
    ring.begin()
    there, also = sent(ring, [odd, plain])
    assert torch.equal(there.to_dense() if odd.is_sparse else there, odd.to_dense())
    assert there.requires_grad == odd.requires_grad
    assert torch.equal(also, plain)
    del landing


def test_numbers_that_are_conjugated_on_reading_arrive_conjugated() -> (
    None
):  # torch's own way loses that
    landing, ring = halves()
    ring.begin()
    assert sent(ring, torch.tensor([1 + 2j]).conj()).tolist() == [1 - 2j]
    del landing


def test_a_batch_without_tensors_is_left_alone() -> None:
    _, ring = halves()
    ring.begin()
    batch = {"text": ["a", "b"], "none": torch.empty(0)}
    assert ring.pack(batch) is batch


def test_a_buffer_is_used_again_when_nothing_refers_to_the_batch() -> None:
    landing, ring = halves(slots=1)
    places = []
    for value in range(3):
        ring.begin()
        batch = sent(ring, torch.full((4,), value))
        places.append(batch.data_ptr())
        assert batch.tolist() == [value] * 4
        del batch
    assert len(set(places)) == 1
    del landing


@pytest.mark.parametrize("part", [0, 1], ids=["a tensor of the batch", "a view of a row"])
def test_what_is_kept_does_not_change(part: int) -> None:
    landing, ring = halves(slots=2)
    kept = []
    for value in range(5):
        ring.begin()
        images, labels = sent(ring, (torch.full((4, 3), value), torch.full((4,), value)))
        kept.append(images[1] if part else labels)
        del images, labels
        gc.collect()
    assert [row.unique().tolist() for row in kept] == [[0], [1], [2], [3], [4]]
    del landing


def test_when_all_buffers_are_held_batches_go_as_ever_until_one_is_let_go() -> None:
    landing, ring = halves(slots=2)
    held = []
    for _ in range(2):
        ring.begin()
        held.append(sent(ring, torch.zeros(4)))
    ring.begin()
    batch = torch.ones(4)
    assert ring.pack(batch) is batch
    held.clear()
    ring.begin()
    assert isinstance(ring.pack(batch), Packed)
    del landing


def test_tensors_made_in_the_buffer_are_not_copied() -> None:
    landing, ring = halves(slots=1)
    ring.begin()
    sent(ring, [torch.zeros(100), torch.zeros(3)])
    ring.begin()
    image, label = ring.new((10, 10), torch.float32), ring.new((3,), torch.int64)
    image.fill_(2), label.fill_(1)
    packed = ring.pack([image, label, torch.zeros(5)])  # 5 floats more than there is room for
    image.fill_(3)
    again = pickle.loads(_dumped(packed))
    assert [t.unique().tolist() for t in again] == [[2], [1], [0]]  # it has moved to a larger one
    del again
    ring.begin()
    image = ring.new((10, 10), torch.float32)
    packed = ring.pack([image])
    image.fill_(4)
    assert pickle.loads(_dumped(packed))[0].unique().tolist() == [4]
    del landing


def _dumped(packed: Any) -> bytes:
    file = io.BytesIO()
    ForkingPickler(file).dump(packed)
    return file.getvalue()


@pytest.mark.parametrize("size", [0, 5, 1 << 19])
def test_without_an_open_buffer_tensors_are_made_anyway(size: int) -> None:
    _, ring = halves()
    made = ring.new((size, 2), torch.int16)
    assert made.shape == (size, 2)
    assert made.dtype == torch.int16
    assert made.is_shared() == (made.nbytes >= 1 << 20)


def test_batches_grow_into_larger_buffers() -> None:
    landing, ring = halves(slots=2)
    for size in (3, 300, 30_000, 5):
        ring.begin()
        batch = torch.arange(size)
        assert torch.equal(sent(ring, [batch])[0], batch)
    del landing


def test_buffers_of_workers_that_ended_are_let_go() -> None:
    landing, ring = halves(slots=1)
    ring.begin()
    batch = sent(ring, torch.ones(4))
    landing.forget()  # this process is no child of its own
    assert not landing._buffers
    assert batch.tolist() == [1] * 4
