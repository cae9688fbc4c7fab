"""What holds for every record and every order of calls."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from lightning_synthaug.data.record import Record
from lightning_synthaug.store import NewSample, Store
from lightning_synthaug.store.codec import decode_fixed, decode_ragged, encode
from lightning_synthaug.store.log import BlockKind, frame, scan
from lightning_synthaug.store.provenance import join, split, unpack
from lightning_synthaug.store.schema import DTYPES, Schema, schema_of

BUDGET = 1 << 28
NUMBERS = st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats())
TEXTS = st.one_of(st.text(st.characters()), st.binary())
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    """An array of any dtype that can be stored and any small shape, with any bits.

    Records turn arrays without dimensions into Python numbers, so there are none of those.
    """
    dtype = np.dtype(draw(st.sampled_from(sorted(DTYPES))))
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4))
    size = int(np.prod(shape)) * dtype.itemsize
    data = draw(st.binary(min_size=size, max_size=size))
    if dtype.kind == "b":
        data = bytes(byte & 1 for byte in data)
    return np.frombuffer(data, dtype).reshape(shape)


def records(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Record]:
    names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
    return st.dictionaries(names, values, max_size=4).map(Record)


FIXED = records(st.one_of(NUMBERS, arrays()))
ANY = records(st.one_of(NUMBERS, arrays(), TEXTS))


def same(one: Record, other: Record) -> bool:
    """Equal by content, in the same order of fields, bit for bit."""
    return list(one) == list(other) and one == other


@given(FIXED)
def test_fixed_rows_round_trip(record: Record) -> None:
    schema = schema_of(record)
    table = np.frombuffer(encode(schema, [record] * 3).data, schema.row_dtype)
    assert all(same(decode_fixed(schema, row), record) for row in table)


@given(ANY)
def test_ragged_rows_round_trip(record: Record) -> None:
    schema = schema_of(record).vary()
    assert same(decode_ragged(schema, bytes(encode(schema, [record]).data)), record)


@given(ANY, st.booleans())
def test_schemas_round_trip(record: Record, vary: bool) -> None:
    schema = schema_of(record).vary() if vary else schema_of(record)
    assert Schema.from_json(json.loads(schema.text)) == schema


@given(ANY, st.data())
def test_bytes_that_were_not_encoded_never_crash(record: Record, data: st.DataObject) -> None:
    schema = schema_of(record).vary()
    row = bytearray(encode(schema, [record]).data)
    cut = data.draw(st.integers(0, len(row)))
    tail = data.draw(st.binary(max_size=20))
    with contextlib.suppress(ValueError):
        decode_ragged(schema, bytes(row[:cut]) + tail)


@settings(max_examples=40)
@given(st.lists(ANY, min_size=1, max_size=8))
def test_the_store_gives_back_what_was_put(batch: list[Record]) -> None:
    keys = [bytes([i]) * 16 for i in range(len(batch))]
    with tempfile.TemporaryDirectory() as folder:
        with Store.open(folder, byte_budget=BUDGET) as store:
            samples = [NewSample(k, r, {}) for k, r in zip(keys, batch, strict=True)]
            assert store.put(samples) == len(batch)
        with Store.open(folder, byte_budget=BUDGET) as store:
            assert all(same(store.get(k), r) for k, r in zip(keys, batch, strict=True))
            got = store.reader.gather(*store.resolve(keys).T)
            assert got.ok.all()
            if got.columns is not None:
                schema = schema_of(batch[0])
                assert all(schema_of(r) == schema for r in batch)
                for field in schema.fields:
                    want = np.stack([np.asarray(r[field.name], field.dtype) for r in batch])
                    assert got.columns[field.name].tobytes() == want.tobytes()
            else:
                assert all(map(same, got.records or (), batch))


@given(st.lists(st.dictionaries(st.text(max_size=3), JSON, max_size=4), max_size=5))
def test_provenance_round_trips(batch: list[dict[str, Any]]) -> None:
    told = split(batch)
    again = unpack(told.pack(0, len(batch)), len(batch))
    for part in (told, again):
        found = [join(part.common, own) for own in part.own]
        assert [json.dumps(one, sort_keys=True) for one in found] == [
            json.dumps(one, sort_keys=True) for one in batch
        ]


@given(st.lists(st.binary(max_size=60), max_size=6), st.data())
def test_one_changed_byte_loses_at_most_its_block(
    payloads: list[bytes], data: st.DataObject
) -> None:
    blocks = [frame(BlockKind.NOTE, payload) for payload in payloads]
    content = bytearray(b"".join(blocks))
    if content:
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] ^= data.draw(st.integers(1, 255))
    found = [bytes(block.payload) for block in scan(bytes(content))]
    rest = iter(payloads)
    assert all(payload in rest for payload in found)
    assert len(found) >= len(payloads) - 1


class StoreMachine(RuleBasedStateMachine):
    """Any order of calls agrees with a dictionary, also across reopening and rebuilding."""

    keys = Bundle("keys")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = Store.open(self.folder, byte_budget=BUDGET)
        self.model: dict[bytes, Record] = {}
        self.buried: set[bytes] = set()

    @rule(target=keys, number=st.integers(0, 20))
    def key(self, number: int) -> bytes:
        return bytes([number]) * 16

    @rule(batch=st.lists(st.tuples(keys, st.integers(0, 3)), max_size=6))
    def put(self, batch: list[tuple[bytes, int]]) -> None:
        kinds = [{"x": 1}, {"text": "a" * 9}, {"x": np.ones(3)}, {"x": np.ones(4)}]
        samples = [NewSample(key, Record(kinds[kind]), {"kind": kind}) for key, kind in batch]
        before = len(self.model)
        for sample in samples:
            self.model.setdefault(sample.key, sample.record)
        assert self.store.put(samples) == len(self.model) - before

    @rule(key=keys)
    def bury(self, key: bytes) -> None:
        self.store.bury([key], reason="r", attempts=1)
        self.buried.add(key)

    @rule(key=keys)
    def forget(self, key: bytes) -> None:
        assert self.store.forget([key]) == int(key in self.model)
        self.model.pop(key, None)

    @rule()
    def rebuild(self) -> None:
        self.store.rebuild()

    @rule(lose_index=st.booleans())
    def reopen(self, lose_index: bool) -> None:
        self.store.close()
        for path in self.folder.glob("index*") if lose_index else ():
            path.unlink()
        self.store = Store.open(self.folder, byte_budget=BUDGET)

    @invariant()
    def agrees(self) -> None:
        keys = [bytes([number]) * 16 for number in range(21)]
        places = self.store.resolve(keys)
        for key, (shard, row) in zip(keys, places.tolist(), strict=True):
            expected = self.model.get(key)
            assert self.store.reader.read(shard, row) == expected
            if expected is None:
                assert shard == (-2 if key in self.buried else -1)

    def teardown(self) -> None:
        assert self.store.verify() == []
        self.store.close()
        shutil.rmtree(self.folder)


StoreMachine.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestStoreMachine = StoreMachine.TestCase
