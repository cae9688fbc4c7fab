from __future__ import annotations

import pickle

import numpy as np

from lightning_synthaug.mixing.message import BatchMessage, Delivered, Rows


def test_messages_cross_to_a_worker_and_back() -> None:
    matrix = np.arange(24).reshape(8, 3)
    message = pickle.loads(pickle.dumps(BatchMessage(3, None, matrix)))
    rows = Rows(*message.matrix)
    assert rows.source.tolist() == [0, 1, 2]
    assert rows.transform.tolist() == [21, 22, 23]
    plain = BatchMessage(4, [7, 5], None)
    assert pickle.loads(pickle.dumps(plain)) == plain
    assert pickle.loads(pickle.dumps(Delivered(3, None))) == Delivered(3, None)
