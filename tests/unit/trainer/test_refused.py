from __future__ import annotations

import pytest

from lightning_synthaug.errors import DataError
from lightning_synthaug.trainer.refused import Refused


def test_looking_at_it_raises_why() -> None:
    refused = Refused(DataError("SA603", "No."))
    for look in (iter, len):
        with pytest.raises(DataError, match="SA603"):
            look(refused)
