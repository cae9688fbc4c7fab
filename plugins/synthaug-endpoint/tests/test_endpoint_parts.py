"""The parts of the plugin that need no server; the repository's own tests run it against one, with faults."""

from __future__ import annotations

import copy
import json
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from synthaug_endpoint import Budget, Endpoint, EndpointParaphraser, EndpointWriter
from synthaug_endpoint.answers import Answer, error_text, read_answer
from synthaug_endpoint.pauses import wanted_pause

from lightning_synthaug.errors import ConfigError
from lightning_synthaug.generators import Rejection

URL = "http://localhost:8000/v1"


def answer(**choice: Any) -> bytes:
    return json.dumps({"choices": [choice], "model": "m"}).encode()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": "3"}, 3),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "99999999999"}, 86400),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": formatdate(0, usegmt=True)}, 0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}, 360),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20ms"}, 0.02),
        ({"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "1h"}, 0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "9", "retry-after": "4"}, 9),
    ],
)
def test_pauses_are_read_from_headers(headers: dict[str, str], seconds: float) -> None:
    assert wanted_pause(headers) == pytest.approx(seconds)


def test_a_pause_may_be_a_date() -> None:
    later = formatdate(time.time() + 100, usegmt=True)
    assert 90 < wanted_pause({"retry-after": later}) <= 100


def test_answers_of_both_kinds_are_read() -> None:
    assert read_answer(answer(text="a b"), structured=False) == Answer("a b", "m", None, None)
    chat = answer(message={"content": '{"text": "a"}'}, finish_reason="stop")
    assert read_answer(chat, structured=True) == Answer("a", "m", None, None)
    plain = answer(message={"content": "just so"})
    assert read_answer(plain, structured=True) == Answer("just so", "m", None, None)
    assert read_answer(
        answer(message={"content": None}, finish_reason="length"), structured=False
    ) == Answer("", "m", None, None)


def test_half_a_letter_is_replaced() -> None:
    made = read_answer(b'{"choices": [{"text": "a \\ud83d"}]}', structured=False)
    assert isinstance(made, Answer)
    assert made.text == "a ?"


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[" * 100_000, b"[]", b"{}", b'{"choices": []}', b'{"choices": [3]}',
     b'{"choices": [{"text": 5}]}', b'{"choices": [{"message": {}}]}', b'{"choices": [{"message": 1}]}'],
)  # fmt: skip
def test_what_is_no_answer_is_told_so(content: bytes) -> None:
    with pytest.raises(ValueError, match="what it sends"):
        read_answer(content, structured=False)


@pytest.mark.parametrize("text", ['{"text": "cut of', '{"other": 1}', '{"text": 5}'])
def test_structured_answers_of_another_form_are_rejected(text: str) -> None:
    made = read_answer(answer(message={"content": text}), structured=True)
    assert made == Rejection("not the JSON asked for")


def test_what_is_said_of_an_error_is_found() -> None:
    assert error_text(b'{"error": {"message": "too\\n long"}}') == "too long"
    assert error_text(b'{"detail": [1, 2]}') == "[1, 2]"
    assert error_text(b"<html>\xff") == "<html>\ufffd"
    assert len(error_text(b"x" * 5000)) == 160


def test_a_budget_is_shared_by_its_file(tmp_path: Path) -> None:
    first = Budget(tmp_path / "new" / "spent.json", tokens=100)
    second = copy.deepcopy(first)  # as in another process
    assert first.take(50, 10)
    assert not second.take(30, 11)
    first.give_back(20, 5)
    assert second.take(30, 11)
    assert json.loads((tmp_path / "new" / "spent.json").read_text())["tokens"] == 76


def test_money_is_counted_apart_for_what_is_read_and_written(tmp_path: Path) -> None:
    budget = Budget(tmp_path / "spent.json", money=1.0, prices=(1.0, 10.0))
    assert budget.take(500_000, 50_000)
    assert not budget.take(1, 0)
    budget.give_back(0, 50_000)
    assert budget.take(500_000, 0)


@pytest.mark.parametrize(
    "given",
    [{}, {"tokens": 0}, {"money": -1.0}, {"money": 1.0}, {"tokens": 5, "prices": (-1.0, 0.0)}],
)
def test_budgets_that_are_none_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="SA520"):
        Budget("spent.json", **given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"url": "localhost:8000"}, "http://"),
        ({"url": "http://host:99999/v1"}, "http://"),
        ({"url": "http://me:secret@host/v1"}, "key_from"),
        ({"url": "https://host/v1?key=secret"}, "key_from"),
        ({"model": ""}, "`model`"),
        ({"concurrency": 0}, "`concurrency`"),
        ({"timeout": 0}, "`timeout`"),
        ({"tiemout": 3}, "tiemout"),
    ],
)
def test_servers_that_cannot_be_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match="SA520") as error:
        Endpoint.of({"url": URL, "model": "m", **given})
    assert said in str(error.value)
    assert "secret" not in str(error.value)


def test_generators_are_described_by_plain_values() -> None:
    server = {"url": URL, "model": "m", "budget": {"file": "s.json", "money": 1, "prices": [1, 2]}}
    writer = EndpointWriter(server=server, examples=[("a", 0), ("b", 1)])
    assert writer.labels == frozenset({0, 1})
    same = EndpointWriter(Endpoint(URL, "m"), [("a", 0), ("b", 1)])
    assert writer.fingerprint() == same.fingerprint()  # the budget changes no sample


def test_the_names_of_the_distribution_are_those_of_classes() -> None:
    told = (Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8")
    for kind in (EndpointParaphraser, EndpointWriter):
        assert f'"synthaug_endpoint:{kind.__name__}"' in told


def test_what_changes_samples_changes_the_fingerprint() -> None:
    servers = [
        Endpoint(URL, "m"),
        Endpoint(URL, "n"),
        Endpoint(URL, "m", revision="2"),
        Endpoint(URL, "m", structured=True),
        Endpoint(URL, "m", more={"top_k": 3}),
    ]
    made = [EndpointParaphraser(server).fingerprint() for server in servers]
    made += [EndpointParaphraser(servers[0], temperature=0.1).fingerprint()]
    assert len(set(made)) == 6
    elsewhere = Endpoint("https://elsewhere/v1", "m", concurrency=1, timeout=5, key_from="K")
    assert EndpointParaphraser(elsewhere).fingerprint() == made[0]
    assert EndpointParaphraser(servers[0]).settings()["verifiable"] is False


@pytest.mark.parametrize("given", [{"longest": 0}, {"temperature": -1}, {"top_p": 0}])
def test_numbers_out_of_range_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"SA520|SA481"):
        EndpointParaphraser(Endpoint(URL, "m"), **given)
