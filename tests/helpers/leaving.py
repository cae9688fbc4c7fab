"""How a process of a distributed run leaves."""

from __future__ import annotations

import atexit
import time

import torch.distributed as dist

#: Seconds in which gloo's threads let go of the tensors of the last collective, many times over.
_REST = 0.5


def _rest() -> None:
    if dist.is_available() and dist.is_initialized():
        time.sleep(_REST)


def leave_in_order() -> None:
    """Let gloo's threads come to rest before this process's interpreter ends.

    To let go of a tensor they take the lock of the interpreter. If there is none any more, the process is aborted:
    about once in twenty on a busy machine, by torch alone. To destroy the group does not help where something still
    refers to it.
    """
    atexit.register(_rest)
