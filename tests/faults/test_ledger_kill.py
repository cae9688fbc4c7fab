"""A run that is killed leaves a ledger that can be read, and a resumed one goes on with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lightning_synthaug.mixing import Ledger
from tests.helpers import ledger_run
from tests.helpers.ledger_run import BATCH, EPOCHS, EVERY, SIZE
from tests.helpers.ledgers import rows_of
from tests.helpers.ranks import environment
from tests.helpers.traced import Sample

BATCHES = EPOCHS * -(-SIZE // BATCH)


def killed(folder: Path, after: int) -> dict[int, list[Sample]]:
    """Train in a process until it has told of some batches; what it was trained on."""
    seen: dict[int, list[Sample]] = {}
    command = [sys.executable, ledger_run.__file__, str(folder)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env=environment(), start_new_session=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            number, rows = json.loads(line)
            seen[number] = [Sample(*row) for row in rows]
            if len(seen) == after:
                break
        os.killpg(process.pid, signal.SIGKILL)
    assert len(seen) == after
    return seen


@pytest.mark.parametrize("after", [EVERY, 2 * EVERY + 3])
def test_a_killed_run_is_told_up_to_its_checkpoint_and_gone_on_with(
    tmp_path: Path, after: int
) -> None:
    seen = killed(tmp_path, after)
    saved = after // EVERY * EVERY
    ledger = Ledger.read(tmp_path / "ledger")
    assert ledger.spans[0][1] >= saved
    for number in range(saved):
        assert rows_of(ledger, number) == seen[number]
    with (tmp_path / "ledger" / "ledger-0.jsonl").open("ab") as file:
        file.write(b'{"crc":"00000000","kind":"batches","fir')
    rest = ledger_run.fit(tmp_path, resume=tmp_path / f"step={saved}.ckpt")
    assert list(rest) == list(range(saved, BATCHES))
    ledger = Ledger.read(tmp_path / "ledger")
    assert (ledger.spans, ledger.damaged) == ([(0, BATCHES)], 1)
    assert [head.batch for head in ledger.heads] == [0, saved]
    whole = {n: rows for n, rows in seen.items() if n < saved} | rest
    for number, rows in whole.items():
        assert rows_of(ledger, number) == rows
