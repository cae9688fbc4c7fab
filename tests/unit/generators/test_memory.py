"""What says that memory ran out: torch's own words, and what carries them as its cause."""

from __future__ import annotations

import pytest
import torch

from lightning_synthaug.generators import out_of_memory


def test_the_words_of_torch_are_known() -> None:
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**50)
    assert out_of_memory(raised.value)
    assert out_of_memory(torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"))
    assert out_of_memory(MemoryError())


def test_a_cause_counts_and_what_is_like_it_does_not() -> None:
    wrapped = RuntimeError("the compiled graph failed")
    assert not out_of_memory(wrapped)
    wrapped.__cause__ = MemoryError()
    assert out_of_memory(wrapped)
    itself = RuntimeError("odd")
    itself.__cause__ = itself
    assert not out_of_memory(itself)
    assert not out_of_memory(ValueError("out of memory"))
