"""A server of the OpenAI protocol with a real model behind it, and faults on demand.

`python -m tests.helpers.language_server FOLDER PORT` reads the model once; each line on standard input has a child
begin to serve, so that one that died can be replaced at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class LanguageServer:
    """The server in a process of its own, from the outside.

    Args:
        folder: Folder of the model.
    """

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder), str(self.port)],
            stdin=subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )

    def start(self) -> None:
        """Begin to serve where it does not, and wait until it does."""
        if self.serves():
            return
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        deadline = time.monotonic() + 200
        while time.monotonic() < deadline:
            if self.serves():
                return
            assert self._process.poll() is None
            time.sleep(0.05)
        raise AssertionError("never served")

    def serves(self) -> bool:
        """Tell whether it answers."""
        with contextlib.suppress(OSError):
            self.log()
            return True
        return False

    def stop(self) -> None:
        """End it."""
        self._process.kill()  # the child sees that its parent is gone
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()

    def faults(self, *names: str, always: str | None = None) -> None:
        """Say what goes wrong with the next requests, one after the other, and with all after them; forget the log."""
        self._call("faults", {"faults": names, "always": always})

    def log(self) -> dict[str, Any]:
        """Tell what was asked: `asked`, `tokens`, `most_at_once`."""
        return self._call("log", None)

    def _call(self, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", data, 10) as answer:
            return json.loads(answer.read())


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    model: Any = None
    lock = threading.Lock()
    plan: list[str]
    always: str | None
    told: dict[str, Any]
    under_way = 0

    @classmethod
    def forget(cls, faults: list[str], always: str | None) -> None:
        cls.plan, cls.always = list(faults), always
        cls.told = {"asked": [], "tokens": 0, "most_at_once": 0}

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._send(200, self.told)

    def do_POST(self) -> None:
        kind = type(self)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/faults":
            with self.lock:
                kind.forget(body["faults"], body["always"])
            return self._send(200, {})
        with self.lock:
            fault = kind.plan.pop(0) if kind.plan else kind.always
            kind.under_way += 1
            kind.told["most_at_once"] = max(kind.told["most_at_once"], kind.under_way)
            kind.told["asked"].append(
                {"path": self.path, "key": self.headers["Authorization"], "fault": fault, **body}
            )
        try:
            name, _, value = (fault or "none").partition(" ")
            getattr(self, f"_{name}")(body, value)
        finally:
            with self.lock:
                kind.under_way -= 1

    def _none(self, body: dict[str, Any], _: str, headers: Any = None) -> None:
        self._send(200, self._written(body), headers)

    def _status(self, body: dict[str, Any], value: str) -> None:
        """`status 429 Retry-After=1`: that answer, with headers."""
        status, *headers = value.split()
        said = f"no: {self.headers['Authorization']}"
        told = {"error": {"message": said}}
        self._send(int(status), told, dict(h.split("=", 1) for h in headers))

    def _limit(self, body: dict[str, Any], value: str) -> None:
        """`limit 300ms`: an answer that was the last one for so long."""
        self._none(
            body,
            "",
            {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": value},
        )

    def _hang(self, *_: Any) -> None:
        """Say nothing until nobody listens any more."""
        with contextlib.suppress(OSError):
            self.connection.recv(1)
        self.close_connection = True

    def _drip(self, *_: Any) -> None:
        """Send a byte now and then, without an end."""
        with contextlib.suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while True:
                self.wfile.write(b" ")
                time.sleep(0.1)

    def _malformed(self, *_: Any) -> None:
        self._raw(200, b'{"choices": [{"index": 0, "te')

    def _cut(self, *_: Any) -> None:
        """Promise more than comes."""
        self._raw(200, b'{"choices": [', length=400)
        self.close_connection = True

    def _nonsense(self, *_: Any) -> None:
        self._raw(200, b"[" * 100_000)

    def _truncated(self, body: dict[str, Any], _: str) -> None:
        """Send half of what was written."""
        data = json.dumps(self._written(body)).encode()
        self._raw(200, data[: len(data) // 2], length=len(data))
        self.close_connection = True

    def _filtered(self, body: dict[str, Any], _: str) -> None:
        told = self._written(body)
        told["choices"][0]["finish_reason"] = "content_filter"
        self._send(200, told)

    def _die(self, *_: Any) -> None:
        os._exit(9)

    def _written(self, body: dict[str, Any]) -> dict[str, Any]:
        """Have the model go on."""
        from lightning_synthaug.generators.text.prompts import Prompt
        from lightning_synthaug.generators.text.sampling import Sampling

        chat, tokenizer = "messages" in body, self.model.tokenizer
        if chat:
            turns = "\n".join(
                f"[{m['role']}]\n{m['content'].replace('{', '{{').replace('}', '}}')}"
                for m in body["messages"]
            )
            prompt = Prompt(turns).told({}, tokenizer)
        else:
            prompt = body["prompt"]
        how = Sampling(temperature=body["temperature"], top_p=body["top_p"], top_k=None)
        with self.lock:
            (text,) = self.model.complete(
                [prompt],
                [body["seed"]],
                how,
                longest=body["max_tokens"],
                stop=body.get("stop", ()),
                special=not chat,
            )
        if text is None:
            return {"choices": []}
        if "response_format" in body:
            text = json.dumps({"text": text})
        # Random pieces, put together and cut up again, may be more.
        counts = [len(tokenizer(each)["input_ids"]) for each in (prompt, text)]
        counts[1] = min(counts[1], body["max_tokens"])
        with self.lock:
            self.told["tokens"] += sum(counts)
        choice = {"message": {"role": "assistant", "content": text}} if chat else {"text": text}
        return {
            "model": body["model"],
            "system_fingerprint": "fp_1",
            "choices": [{"index": 0, "finish_reason": "stop", **choice}],
            "usage": {"prompt_tokens": counts[0], "completion_tokens": counts[1]},
        }

    def _send(self, status: int, value: Any, headers: Any = None) -> None:
        self._raw(status, json.dumps(value).encode(), headers)

    def _raw(self, status: int, data: bytes, headers: Any = None, *, length: int = -1) -> None:
        with contextlib.suppress(OSError):  # nobody may be listening any more
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data) if length < 0 else length))
            self.end_headers()
            self.wfile.write(data)


def _serve(port: int, parent: int) -> None:
    """Serve until the parent is gone."""
    Handler.forget([], None)
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(0)


def main(folder: str, port: int) -> None:
    """Read the model, and have children serve it."""
    from lightning_synthaug.generators.text.model import TextModel

    Handler.model = TextModel(folder, None, device="cpu", dtype="float32", batch_size=1)
    parent = os.getpid()
    for _ in sys.stdin:
        if os.fork() == 0:
            _serve(port, parent)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
