"""Send requests to a server, several at once, and make the best of whatever comes back."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple, final

import httpx2

from lightning_synthaug.errors import GeneratorError
from lightning_synthaug.generators import Rejection
from synthaug_endpoint.answers import Answer, error_text, read_answer
from synthaug_endpoint.endpoint import Endpoint
from synthaug_endpoint.pauses import wanted_pause

__all__ = ["Asker", "Query", "Reply"]

#: The first pause before a request is tried again, and the longest. Seconds.
_PAUSE, _LONGEST_PAUSE = 0.5, 8.0
_SLOW: Final = "the server does not answer in time"
#: Answers that may be another one the next time, and those by which a server does not let anybody in.
_PASSING: Final = (408, 409, 425, 429)
_CLOSED: Final = (401, 403, 404, 405)


class Query(NamedTuple):
    """One text to be written.

    Attributes:
        path: Which part of the protocol.
        body: The request.
        most: Tokens that it reads and writes at most.
    """

    path: str
    body: Mapping[str, Any]
    most: tuple[int, int]


class Reply(NamedTuple):
    """A text, and how often it was asked for until it came."""

    answer: Answer
    tries: int


class _Again(Exception):  # noqa: N818  # it is handled where it is raised, and no user sees it
    """What may be another one the next time.

    Attributes:
        paid: Whether the server may have done its work all the same.
    """

    def __init__(self, why: str, *, paid: bool) -> None:
        super().__init__(why)
        self.paid = paid


@final
class Asker:
    """What is known of a server while it is asked: whether it has ever answered, and how long it wants a pause.

    Args:
        endpoint: The server.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._jitter = random.SystemRandom()  # nothing that training draws from
        self._answered = False
        self._resume = 0.0
        self._structured = endpoint.structured
        self._closed = self._why = ""
        self._failures = 0

    def ask(self, queries: Sequence[Query], *, name: str) -> list[Reply | Rejection]:
        """Have texts written.

        Args:
            queries: What is asked.
            name: Name of the generator, for the message.

        Returns:
            One for each, in order. What the server could not do is put off; what it refuses is rejected.

        Raises:
            GeneratorError: It lets nobody in, and never did (SA521).
        """
        self._closed, self._failures = "", 0
        with ThreadPoolExecutor(1) as alone:  # the thread of a notebook has a loop of its own
            replies = alone.submit(asyncio.run, self._all(queries)).result()
        if self._closed and not self._answered:
            msg = (
                f'Generator "{name}" must be let in by its server, got {self._closed!r} from '
                f"{self._endpoint.url}. Check the address (it ends in /v1 with most servers), the name of the model, "
                "the key, and whether the server has this part of the protocol: prompts with [user] are sent to "
                "chat/completions, others to completions."
            )
            raise GeneratorError("SA521", msg)
        return replies

    async def _all(self, queries: Sequence[Query]) -> list[Reply | Rejection]:
        """Ask all, some at once."""
        endpoint = self._endpoint
        gate = asyncio.Semaphore(endpoint.concurrency)
        limits = httpx2.Limits(max_connections=endpoint.concurrency)
        async with httpx2.AsyncClient(auth=self._with_key, timeout=None, limits=limits) as client:

            async def one(query: Query) -> Reply | Rejection:
                async with gate:
                    if self._failures >= endpoint.concurrency:  # the rest would only take long
                        return Rejection(self._why, for_now=True)
                    made = await self._one(client, query)
                if isinstance(made, Rejection) and made.for_now:
                    self._failures, self._why = self._failures + 1, made.reason
                else:
                    self._failures = 0
                return made

            return list(await asyncio.gather(*map(one, queries)))

    async def _one(self, client: httpx2.AsyncClient, query: Query) -> Reply | Rejection:
        """Ask until there is an answer, or the time is up."""
        until = time.monotonic() + self._endpoint.timeout
        why, tries = "the server wants a pause", 0
        while True:
            pause = max(0.0, self._resume - time.monotonic())
            if tries:
                backed_off = min(_LONGEST_PAUSE, _PAUSE * 2 ** (tries - 1))
                pause = max(pause, self._jitter.uniform(0.5, 1.0) * backed_off)
            if time.monotonic() + pause >= until:
                return Rejection(why, for_now=True)
            await asyncio.sleep(pause)
            tries += 1
            try:
                made = await self._paid(client, query, until - time.monotonic())
            except _Again as error:
                if tries == 1 or str(error) != _SLOW:  # the time that was left tells less
                    why = str(error)
                continue
            return made if isinstance(made, Rejection) else Reply(made, tries)

    async def _paid(
        self, client: httpx2.AsyncClient, query: Query, seconds: float
    ) -> Answer | Rejection:
        """Ask once, within the budget."""
        budget = self._endpoint.budget
        if budget is None:
            return (await self._sent(client, query, seconds))[0]
        try:
            if not budget.take(*query.most):
                return Rejection("the budget is spent", for_now=True)
        except (OSError, ValueError):
            return Rejection("the file of the budget cannot be used", for_now=True)
        used = query.most
        try:
            made, used = await self._sent(client, query, seconds)
        except _Again as error:
            used = used if error.paid else (0, 0)
            raise
        finally:
            with contextlib.suppress(OSError, ValueError):  # it stays at the most that it can be
                budget.give_back(query.most[0] - used[0], query.most[1] - used[1])
        return made

    async def _sent(
        self, client: httpx2.AsyncClient, query: Query, seconds: float
    ) -> tuple[Answer | Rejection, tuple[int, int]]:
        """Ask once; return what came back, and the tokens that it took."""
        body = dict(query.body)
        if not self._structured:
            body.pop("response_format", None)
        url = f"{self._endpoint.url.rstrip('/')}/{query.path}"
        try:
            response = await asyncio.wait_for(client.post(url, json=body), seconds)
        except asyncio.TimeoutError:
            raise _Again(_SLOW, paid=True) from None
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            raise _Again("the server cannot be reached", paid=False) from None
        except httpx2.HTTPError as error:
            raise _Again(f"the connection broke ({type(error).__name__})", paid=True) from None
        self._resume = max(self._resume, time.monotonic() + wanted_pause(response.headers))
        if response.status_code == 200:
            try:
                made = read_answer(response.content, structured="response_format" in body)
            except ValueError as error:
                raise _Again(str(error), paid=True) from None
            self._answered = True
            return made, (isinstance(made, Answer) and made.tokens) or query.most
        return self._refused(response, asked_json="response_format" in body), (0, 0)

    def _refused(self, response: httpx2.Response, *, asked_json: bool) -> Rejection:
        """Tell what may pass from what will not."""
        status = response.status_code
        why = f"the server answers {status}"
        if status >= 500 or status in _PASSING:
            raise _Again(why, paid=False)
        why = self._endpoint.scrubbed(f"{why}: {error_text(response.content)}")
        if status < 400 or status in _CLOSED:
            self._closed = why
            return Rejection(why, for_now=True)
        # Before it has answered anything, it may be the settings that it refuses, and not this text.
        if asked_json and not self._answered:
            self._structured = False
            raise _Again(why, paid=False)
        return Rejection(why, for_now=not self._answered)

    def _with_key(self, request: httpx2.Request) -> httpx2.Request:
        """Put the key in, where one is needed."""
        key = self._endpoint.key()
        if key is not None:
            request.headers["Authorization"] = f"Bearer {key}"
        return request
