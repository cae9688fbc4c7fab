"""The endpoint plugin: the contract, and what becomes of whatever a real server on this machine answers."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from synthaug_endpoint import Budget, Endpoint, EndpointParaphraser, EndpointWriter

from lightning_synthaug.data import Record
from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.generators import Generator, Rejection, Request
from lightning_synthaug.generators.contract import GeneratorContract
from lightning_synthaug.generators.text import LanguageModelParaphraser
from tests.helpers.language_server import LanguageServer
from tests.helpers.tiny_language import CORPUS, save_causal

SHORT = "Otherwise: {text}\nAgain:"
CHAT = "[user]\nSay it otherwise: {text}"
KEY = "sk-this-is-the-secret-1234567890"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_causal(tmp_path_factory.mktemp("causal"), chat=True, length=1024)


@pytest.fixture(scope="module")
def serving(folder: Path) -> Iterator[LanguageServer]:
    server = LanguageServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(serving: LanguageServer) -> LanguageServer:
    serving.faults()
    return serving


def asked(count: int, seed: int = 3) -> list[Request]:
    return [
        Request(
            1, i, seed=(seed + i) * 2**40, twin=Record({"text": CORPUS[i % 400], "label": i % 2})
        )
        for i in range(count)
    ]


def paraphraser(server: LanguageServer, prompt: str = SHORT, **more: Any) -> EndpointParaphraser:
    own = {name: more.pop(name) for name in ("temperature", "longest") if name in more}
    endpoint = Endpoint(server.url, "tiny", **{"timeout": 20.0, **more})
    return EndpointParaphraser(endpoint, prompt=prompt, **{"longest": 6, **own})


def answered(generator: Generator, count: int = 1) -> list[Record | Rejection]:
    generator.load()
    return generator.generate(asked(count))


class TestParaphraser(GeneratorContract):
    requests_per_batch = 3

    @pytest.fixture(autouse=True)
    def _server(self, server: LanguageServer) -> None:
        self.server = server

    def twin(self, index: int) -> Record:
        return Record({"text": CORPUS[index], "label": index % 2})

    def make(self) -> Generator:
        generator = paraphraser(self.server)
        generator.batch_size = 3
        return generator

    def make_other(self) -> Generator:
        return paraphraser(self.server, revision="another")


class TestWriter(GeneratorContract):
    requests_per_batch = 3

    @pytest.fixture(autouse=True)
    def _server(self, server: LanguageServer) -> None:
        self.server = server

    def make(self) -> Generator:
        real = [(text, place % 3) for place, text in enumerate(CORPUS[:30])]
        server = {"url": self.server.url, "model": "tiny", "timeout": 20.0}
        return EndpointWriter(server, real, shots=1, longest=6, batch_size=3)

    def make_other(self) -> Generator:
        real = [(text, place % 3) for place, text in enumerate(CORPUS[:30])]
        return EndpointWriter({"url": self.server.url, "model": "other"}, real, shots=1)


@pytest.mark.parametrize("prompt", [SHORT, CHAT])
def test_what_comes_is_what_the_model_writes_in_this_process(
    server: LanguageServer, folder: Path, prompt: str
) -> None:
    """At temperature 0 no seed matters, so that both must say the same to the letter."""
    here = LanguageModelParaphraser(folder, prompt=prompt, temperature=0, longest=6, batch_size=1)
    there = paraphraser(server, prompt, temperature=0)
    made = answered(there, 6)
    assert made == answered(here, 6)
    assert sum(isinstance(each, Record) for each in made) > 3
    told = there.particulars(asked(1)[0])
    tokens = told.pop("tokens")
    assert told == {"tries": 1, "served_model": "tiny", "served_fingerprint": "fp_1"}
    assert 0 < tokens[1] <= 6 < tokens[0]


def test_conversations_and_beginnings_go_where_they_belong(server: LanguageServer) -> None:
    answered(paraphraser(server))
    answered(paraphraser(server, CHAT, structured=True, more={"top_k": 7, "stop": None}))
    plain, chat = server.log()["asked"]
    assert (plain["path"], chat["path"]) == ("/v1/completions", "/v1/chat/completions")
    assert plain["stop"] == ["\n"]
    assert plain["seed"] == chat["seed"] == asked(1)[0].seed >> 33
    assert plain["prompt"].startswith(f"Otherwise: {CORPUS[0]}")
    assert chat["messages"] == [{"role": "user", "content": f"Say it otherwise: {CORPUS[0]}"}]
    assert chat["response_format"]["json_schema"]["strict"] is True
    assert chat["top_k"] == 7
    assert "stop" not in chat


def test_structured_answers_are_read_and_done_without_where_refused(server: LanguageServer) -> None:
    free = answered(paraphraser(server, CHAT, temperature=0, longest=22), 2)
    generator = paraphraser(server, CHAT, temperature=0, structured=True, longest=6)
    assert answered(generator, 2) == free
    server.faults("status 400")
    generator = paraphraser(server, CHAT, temperature=0, structured=True, concurrency=1)
    assert all(isinstance(each, Record) for each in answered(generator, 2))
    assert ["response_format" in each for each in server.log()["asked"]] == [True, False, False]


@pytest.mark.parametrize(
    "fault",
    [
        "status 429 Retry-After=1",
        "status 500",
        "status 503",
        "malformed",
        "nonsense",
        "truncated",
    ],
)
def test_what_passes_is_tried_again(server: LanguageServer, fault: str) -> None:
    server.faults(fault)
    generator = paraphraser(server)
    (made,) = answered(generator)
    assert isinstance(made, Record)
    assert generator.particulars(asked(1)[0])["tries"] == 2
    assert len(server.log()["asked"]) == 2


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("hang", "the server does not answer in time"),
        ("drip", "the server does not answer in time"),
        ("status 502", "the server answers 502"),
        ("status 429 Retry-After=600", "the server answers 429"),
        ("malformed", "what it sends is no answer"),
        ("cut", "the connection broke (RemoteProtocolError)"),
    ],
)
def test_what_does_not_pass_is_put_off_and_the_rest_not_tried(
    server: LanguageServer, fault: str, reason: str
) -> None:
    server.faults(always=fault)
    generator = paraphraser(server, timeout=1.0, concurrency=2)
    made = answered(generator, 8)
    assert all(isinstance(each, Rejection) and each.for_now for each in made)
    reasons = {each.reason for each in made if isinstance(each, Rejection)}
    also = {"the server does not answer in time"}
    if "Retry" in fault:  # who comes after the first
        also.add("the server wants a pause")
    assert reason in reasons <= {reason, *also}
    seen = {each["prompt"] for each in server.log()["asked"]}
    assert len(seen) < 5
    if "Retry" in fault:  # nothing is sent before its time
        server.faults()
        assert generator.generate(asked(1)) == [Rejection("the server wants a pause", for_now=True)]
        assert not server.log()["asked"]


def test_one_that_fails_keeps_no_other_back(server: LanguageServer) -> None:
    server.faults("hang")
    made = answered(paraphraser(server, timeout=3.0, concurrency=2), 6)
    assert [isinstance(each, Rejection) and each.for_now for each in made].count(True) == 1


def test_limits_are_kept_to(server: LanguageServer) -> None:
    server.faults("limit 0s", "limit 1h")
    generator = paraphraser(server, concurrency=1)
    made = answered(generator, 4)
    later = [isinstance(each, Rejection) and each.for_now for each in made]
    assert later == [False, False, True, True]
    assert len(server.log()["asked"]) == 2


def test_no_more_are_under_way_than_may_be(server: LanguageServer) -> None:
    answered(paraphraser(server, concurrency=3), 12)
    assert server.log()["most_at_once"] == 3


def test_a_server_that_lets_nobody_in_is_told_of_at_once(server: LanguageServer) -> None:
    server.faults(always="status 404")
    with pytest.raises(GeneratorError, match=r"404: no: .*SA521"):
        answered(paraphraser(server))
    server.faults()
    generator = paraphraser(server)
    answered(generator)
    server.faults(always="status 401")  # a key that was taken back amid a run ends no run
    (late,) = generator.generate(asked(1))
    assert isinstance(late, Rejection)
    assert late.for_now


def test_refusals_of_a_text_are_told_from_refusals_of_the_settings(server: LanguageServer) -> None:
    server.faults("status 422", "none", "status 422", "filtered")
    generator = paraphraser(server, concurrency=1)
    made = [answered(generator)[0] for _ in range(4)]
    assert made[0] == Rejection("the server answers 422: no: None", for_now=True)
    assert isinstance(made[1], Record)
    assert made[2] == Rejection("the server answers 422: no: None")
    assert made[3] == Rejection("refused by the server's filter")


def test_no_server_at_all_is_put_off(tmp_path: Path) -> None:
    endpoint = Endpoint("http://127.0.0.1:9/v1", "tiny", timeout=0.6)
    made = answered(EndpointParaphraser(endpoint, prompt=SHORT), 3)
    assert made == [Rejection("the server cannot be reached", for_now=True)] * 3


@pytest.mark.parametrize("faults", [(), ("truncated", "malformed", "status 500")])
def test_no_more_than_the_budget_is_spent_by_all_who_share_it(
    server: LanguageServer, tmp_path: Path, faults: tuple[str, ...]
) -> None:
    server.faults(*faults)
    budget = Budget(tmp_path / "runs" / "spent.json", tokens=700)
    made = []
    for _ in range(3):  # as if the process had been started again
        generator = paraphraser(server, budget=budget, concurrency=4)
        made += answered(generator, 12)
    spent = Rejection("the budget is spent", for_now=True)
    assert 4 < sum(isinstance(each, Record) for each in made) < 30
    assert spent in made
    assert made[-1] == spent
    assert 300 < server.log()["tokens"] <= 700


def test_money_is_counted_by_what_the_server_used(server: LanguageServer, tmp_path: Path) -> None:
    budget = Budget(tmp_path / "spent.json", money=1.0, prices=(100.0, 1000.0))
    generator = paraphraser(server, budget=budget)
    answered(generator, 5)
    told = [generator.particulars(request)["tokens"] for request in asked(5)]
    with budget._open() as spent:
        assert spent["tokens"] == sum(read + written for read, written in told)
        assert spent["money"] == pytest.approx(sum(budget.cost(*each) for each in told))
    (tmp_path / "spent.json").write_text("what is this")
    (made,) = generator.generate(asked(1))
    assert made == Rejection("the file of the budget cannot be used", for_now=True)


def test_the_key_is_sent_and_told_to_nobody(
    server: LanguageServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("OWN_KEY", f"{KEY}\n")
    caplog.set_level(logging.DEBUG)
    generator = paraphraser(server, key_from="OWN_KEY")
    server.faults("none", "status 400", "status 403")
    made = [answered(generator)[0] for _ in range(3)]
    assert {each["key"] for each in server.log()["asked"]} == {f"Bearer {KEY}"}
    assert made[1] == Rejection("the server answers 400: no: Bearer ***")
    server.faults(always="status 401")
    with pytest.raises(GeneratorError, match="SA521") as error:
        answered(paraphraser(server, key_from="OWN_KEY"))
    chain = (error.value.__cause__, error.value.__context__)
    said = [made, generator.__dict__, generator.provenance(), generator.settings(), chain]
    said += [str(error.value), pickle.dumps(generator), vars(generator._speaker), caplog.text]
    said += [vars(generator._speaker._asker), generator.particulars(asked(1)[0])]
    assert "POST" in caplog.text
    assert KEY not in "".join(map(repr, said))
    generator.unload()
    with pytest.raises(GeneratorError, match="SA413"):
        generator.generate(asked(1))
    monkeypatch.setenv("OWN_KEY", "a\u00e9")
    with pytest.raises(GeneratorError, match=r"no header can hold.*SA522"):
        generator.load()
    monkeypatch.delenv("OWN_KEY")
    with pytest.raises(GeneratorError, match=r"OWN_KEY.*got nothing.*SA522"):
        generator.load()
