"""Batches travel from workers in shared memory that is made once and used again, not in new memory for each tensor."""

from __future__ import annotations

import functools
import io
import itertools
import math
import multiprocessing
import os
import pickle
import weakref
from collections.abc import Callable, Sequence
from multiprocessing.reduction import ForkingPickler
from typing import Any, NamedTuple, final

import numpy as np
import numpy.typing as npt
import torch

__all__ = ["BufferRing", "Landing", "New", "Packed"]

#: Makes a tensor of a shape and a dtype that is not initialised.
New = Callable[[tuple[int, ...], torch.dtype], torch.Tensor]

#: Bytes at the head of a buffer, whose first says whether it is in use. Tensors begin at multiples of it, a cache line.
_LINE = 64
_FREE, _BUSY = 0, 1
#: Tensors of fewer bytes are copied into shared memory by the queue for less than it costs to write there.
_LARGE = 1 << 20
_Bytes = npt.NDArray[np.uint8]
_numbers = itertools.count()
_landings: weakref.WeakValueDictionary[int, Landing] = weakref.WeakValueDictionary()


class _Place(NamedTuple):
    """Where a tensor lies in a buffer."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int


@final
class Landing:
    """The main process's half: knows the buffers of the workers of one loader.

    A buffer is free again when the last tensor of the batch that it brought is gone, views of it included. So whoever
    keeps a batch keeps what is in it, and its worker takes another buffer.
    """

    def __init__(self) -> None:
        self.number = next(_numbers)
        self._buffers: dict[tuple[int, int], _Bytes] = {}
        self._watched: dict[tuple[int, int], weakref.ref[_Bytes]] = {}
        _landings[self.number] = self

    def take(self, worker: int, slot: int, buffer: torch.Tensor | None) -> _Bytes:
        """Look up a buffer that a batch came in.

        Args:
            worker: Process id of the worker.
            slot: Which of its buffers.
            buffer: The buffer, when it comes for the first time.

        Returns:
            Its bytes. The buffer is free when nothing refers to this array any more.
        """
        key = worker, slot
        if buffer is not None:
            self._buffers[key] = buffer.numpy()
        whole = self._buffers[key]
        held = whole[:]  # an array of its own, whose end is the batch's
        self._watched[key] = weakref.ref(held, functools.partial(_set_free, whole, os.getpid()))
        return held

    def forget(self) -> None:
        """Let go of the buffers of workers that have ended; batches that are still held keep theirs."""
        alive = {process.pid for process in multiprocessing.active_children()}
        for key in [key for key in self._buffers if key[0] not in alive]:
            del self._buffers[key], self._watched[key]


def _set_free(whole: _Bytes, owner: int, _: object) -> None:
    """Tell the worker that it may use a buffer again, unless this is a fork of the process whose batch it holds."""
    if os.getpid() == owner:
        whole[0] = _FREE


class Packed:
    """A batch on its way to the main process, where it is unpickled as the batch itself.

    Args:
        landing: Number of the main process's half.
        slot: Which buffer of this process.
        buffer: The buffer, when it goes for the first time.
        places: Where the tensors lie in it.
        rest: The batch without these tensors, pickled.
    """

    def __init__(
        self,
        landing: int,
        slot: int,
        buffer: torch.Tensor | None,
        places: Sequence[_Place],
        rest: bytes,
    ) -> None:
        self._sent = (landing, os.getpid(), slot, buffer, [tuple(p) for p in places], rest)

    def __reduce__(self) -> tuple[Any, ...]:
        """Become the batch on arrival."""
        return _landed, self._sent


def _landed(
    landing: int,
    worker: int,
    slot: int,
    buffer: torch.Tensor | None,
    places: Sequence[tuple[Any, ...]],
    rest: bytes,
) -> Any:
    """Put a batch together again."""
    held = _landings[landing].take(worker, slot, buffer)
    return _Unpickler(rest, [_view(held, _Place(*place)) for place in places]).load()


def _view(whole: _Bytes, place: _Place) -> torch.Tensor:
    """Make a tensor over a part of a buffer, whose array lives as long as it does."""
    count = math.prod(place.shape)
    flat = torch.frombuffer(whole, dtype=place.dtype, count=count, offset=place.offset)
    return flat.as_strided(place.shape, place.stride)


class _Unpickler(pickle.Unpickler):
    """Read what a worker of this process wrote, its tensors from the buffer."""

    def __init__(self, rest: bytes, tensors: Sequence[torch.Tensor]) -> None:
        super().__init__(io.BytesIO(rest))
        self._tensors = tensors

    def persistent_load(self, pid: Any) -> torch.Tensor:
        """Return a tensor."""
        number: int = pid
        return self._tensors[number]


class _Pickler(ForkingPickler):
    """Write down a batch but for the tensors that travel in the buffer."""

    def __init__(self) -> None:
        self._file = io.BytesIO()
        super().__init__(self._file, pickle.HIGHEST_PROTOCOL)
        self.tensors: list[torch.Tensor] = []
        self._numbers: dict[int, int] = {}

    def persistent_id(self, obj: Any) -> int | None:
        """Number a tensor of the buffer; None for what is pickled as ever."""
        if type(obj) is not torch.Tensor or not _is_plain(obj):
            return None
        number = self._numbers.setdefault(id(obj), len(self.tensors))
        if number == len(self.tensors):
            self.tensors.append(obj)
        return number

    def written(self, batch: Any) -> bytes:
        """Pickle a batch."""
        self.dump(batch)
        return self._file.getvalue()


def _is_plain(tensor: torch.Tensor) -> bool:
    """Tell whether a tensor is nothing but numbers in memory of its own."""
    return (
        tensor.layout is torch.strided
        and tensor.device.type == "cpu"
        and not (tensor.requires_grad or tensor.is_quantized)
        and 0 < tensor.nbytes == tensor.untyped_storage().nbytes()
        and (
            tensor.is_contiguous()
            or (tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last))
        )
    )


@final
class BufferRing:
    """A worker's half: a few buffers, of which a free one takes the next batch.

    Args:
        landing: Number of the main process's half.
        slots: Buffers at most, >= 1: the batches that a worker has under way, and those that a user holds.
    """

    def __init__(self, landing: int, slots: int) -> None:
        self._landing = landing
        self._slots = slots
        self._buffers: list[torch.Tensor] = []
        self._bytes: list[_Bytes] = []
        self._known: set[int] = set()
        self._open: int | None = None
        self._end = _LINE

    def begin(self) -> None:
        """Open a buffer for the next batch: the largest that is free."""
        free = [i for i, whole in enumerate(self._bytes) if whole[0] == _FREE]
        self._open = max(free, key=lambda i: self._bytes[i].size, default=None)
        self._end = _LINE

    def new(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """Make a tensor of the next batch, where it need not be copied.

        Args:
            shape: Its shape.
            dtype: Its dtype.

        Returns:
            A tensor that is not initialised.
        """
        count = math.prod(shape)
        size = count * dtype.itemsize
        if size and self._open is not None and self._end + size <= self._bytes[self._open].size:
            offset, self._end = self._end, _after(self._end + size)
            whole = self._bytes[self._open]
            return torch.frombuffer(whole, dtype=dtype, count=count, offset=offset).view(shape)
        if size < _LARGE:
            return torch.empty(shape, dtype=dtype)
        return _shared(size).view(dtype).view(shape)

    def pack(self, batch: Any) -> Any:
        """Get a batch ready for its way.

        Args:
            batch: What the collate function gave.

        Returns:
            What is to be sent: it arrives as an equal batch.
        """
        if self._open is None and len(self._buffers) == self._slots:
            return batch  # somebody keeps them all
        pickler = _Pickler()
        rest = pickler.written(batch)
        if not (tensors := pickler.tensors):
            return batch
        end, offsets = self._laid(tensors)
        if self._open is None or end > self._bytes[self._open].size:
            self._open, self._end = self._enlarged(end), _LINE
            end, offsets = self._laid(tensors)
        slot, self._open = self._open, None
        whole, places = self._bytes[slot], []
        for tensor in tensors:
            offset = offsets[tensor.data_ptr()]
            place = _Place(tensor.dtype, tuple(tensor.shape), tensor.stride(), offset)
            places.append(place)
            if tensor.data_ptr() != self._buffers[slot].data_ptr() + offset:
                _view(whole, place).copy_(tensor)
        whole[0] = _BUSY
        first = slot not in self._known
        self._known.add(slot)
        return Packed(self._landing, slot, self._buffers[slot] if first else None, places, rest)

    def _laid(self, tensors: Sequence[torch.Tensor]) -> tuple[int, dict[int, int]]:
        """Find a place in the open buffer for each memory of tensors: where it ends, and the offsets."""
        end, offsets = self._end, {}
        begin, size = 0, 0
        if self._open is not None:
            begin, size = self._buffers[self._open].data_ptr(), self._bytes[self._open].size
        for tensor in tensors:
            memory = tensor.data_ptr()
            if begin <= memory < begin + size:
                offsets[memory] = memory - begin
            elif memory not in offsets:
                offsets[memory], end = end, _after(end + tensor.nbytes)
        return end, offsets

    def _enlarged(self, size: int) -> int:
        """Make a buffer: one more, or one in place of the open one, which is too small."""
        slot = len(self._buffers)
        if self._open is not None:
            # Batches vary in size: leave room, or each larger one would ask for another.
            slot, size = self._open, size + size // 4
        buffer = _shared(_after(size))
        self._buffers[slot : slot + 1] = [buffer]
        self._bytes[slot : slot + 1] = [buffer.numpy()]
        self._known.discard(slot)
        return slot


def _after(end: int) -> int:
    """Round up to where a tensor may begin."""
    return -(-end // _LINE) * _LINE


def _shared(size: int) -> torch.Tensor:
    """Make bytes in shared memory."""
    storage = torch.UntypedStorage._new_shared(size, device="cpu")
    return torch.empty(0, dtype=torch.uint8).set_(storage)
