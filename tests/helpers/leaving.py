"""How a process of a distributed run leaves."""

from __future__ import annotations

import atexit

import torch.distributed as dist


def _end_groups() -> None:
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


def leave_in_order() -> None:
    """End this process's groups when it exits, while the interpreter is whole.

    Lightning and Fabric leave gloo's groups to the interpreter's end; its threads then may ask for the lock of an
    interpreter that is no more, and the process is aborted: about once in twenty on a busy machine, by torch alone.
    """
    atexit.register(_end_groups)
