"""Which of several processes this one is, and whether that was known in time."""

from __future__ import annotations

import os
from typing import NamedTuple

import torch

from lightning_synthaug.errors import TrainerError

__all__ = ["Ranks", "ranks_now"]


class Ranks(NamedTuple):
    """This process among those that share global batches.

    Attributes:
        rank: Its number, in [0, world).
        world: How many there are, >= 1.
        local_rank: Its number on its node.
    """

    rank: int
    world: int
    local_rank: int

    def check(self) -> None:
        """Refuse to go on when there are other processes than there were when the loader was mixed.

        Raises:
            TrainerError: The process group was set up after `mix` (SA630).
        """
        now = ranks_now()
        if now[:2] != self[:2]:
            raise TrainerError(
                "SA630",
                "`mix` must be called when the process group is there, as the ranks share each batch; got rank "
                f"{self.rank} of {self.world} then and rank {now.rank} of {now.world} now. Call `mix` after "
                "`fabric.launch()`, `Accelerator()` or `init_process_group(...)`.",
            )


def ranks_now() -> Ranks:
    """Ask `torch.distributed` who this process is.

    Returns:
        Its ranks; alone where there is no process group.

    Example:
        >>> ranks_now()
        Ranks(rank=0, world=1, local_rank=0)
    """
    distributed = torch.distributed
    if not (distributed.is_available() and distributed.is_initialized()):
        return Ranks(0, 1, 0)
    rank = distributed.get_rank()
    return Ranks(rank, distributed.get_world_size(), int(os.environ.get("LOCAL_RANK", rank)))
