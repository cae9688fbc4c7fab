from __future__ import annotations

import math

import numpy as np
import pytest

from lightning_synthaug.data import Record
from lightning_synthaug.errors import GateError
from lightning_synthaug.generators.gates.embeddings import TableColumns


def row(**fields: object) -> Record:
    return Record(fields)


def test_numbers_come_by_name_at_a_common_size() -> None:
    vectors = TableColumns().embed(
        [row(b=-1000.0, a=0, label=3), row(a=math.e - 1, b=math.nan, label=4)]
    )
    np.testing.assert_allclose(vectors, [[0, -math.log(1001)], [1, 0]], rtol=1e-6)
    assert vectors.dtype == np.float32


def test_centre_and_scale_can_be_given() -> None:
    embedding = TableColumns(centre={"a": 10.0}, scale={"a": 2.0, "b": 4.0})
    np.testing.assert_allclose(embedding.embed([row(a=16, b=2.0, c=0)]), [[3, 0.5, 0]])
    assert embedding.fingerprint() != TableColumns().fingerprint()
    assert TableColumns(centre={"x[0]": 1.0}).embed([row(x=np.ones(2))])[0, 0] == 0


def test_words_have_a_place_of_their_own_whatever_is_beside_them() -> None:
    embedding = TableColumns()
    ulm, bern, again = embedding.embed([row(t="Ulm"), row(t="Bern"), row(t="Ulm")])
    assert (ulm == again).all()
    assert np.linalg.norm(ulm - bern) == pytest.approx(2**0.5)
    assert (embedding.embed([row(t="Ulm")])[0] == ulm).all()


@pytest.mark.parametrize("other", [row(a=1), row(a=1, b="x"), row(a=1, b=2, c=3)])
def test_rows_of_another_form_are_refused(other: Record) -> None:
    with pytest.raises(GateError, match=r"the same fields .*SA461"):
        TableColumns().embed([row(a=1, b=2), other])


def test_rows_without_cells_are_refused() -> None:
    with pytest.raises(GateError, match="SA461"):
        TableColumns().embed([row(label=1)])
