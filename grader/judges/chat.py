"""A judge behind an OpenAI-compatible endpoint: OpenAI, vLLM, Ollama, llama.cpp and others, through the openai client.

It knows how to ask politely (limits, retries, what the server can do) and how to fail (one reason a request). What is
asked and what the reply means is for `judging`.
"""

import re
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn

from grader.errors import SetupError
from grader.judges.prompt import estimated_tokens
from grader.judges.protocol import Completion, Message
from grader.provider import (
    FREE,
    REFUSAL_REASON,
    AttemptError,
    Endpoint,
    Price,
    ReplyCache,
    RequestError,
    RequestScheduler,
    TokenUsage,
    content_key,
    error_body,
    estimate_tokens,
    map_client_errors,
    open_client,
    rejects_request_format,
    token_count,
)

if TYPE_CHECKING:
    from openai import OpenAI

# How a server is asked for JSON: bound to the schema in the way of OpenAI or of llama-cpp-python, to JSON, or in words.
Form = Literal["json_schema", "schema", "json_object", "text"]
_FORMS: tuple[Form, ...] = ("json_schema", "schema", "json_object", "text")


class ServerCapabilities(NamedTuple):
    """What a server takes: found out once, remembered with the cache."""

    form: Form = "json_schema"
    temperature: bool = True
    seed: bool = True
    length: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"


def capabilities_key(endpoint: Endpoint, model: str) -> str:
    """Where the cache remembers them."""
    return content_key("server", endpoint.base_url, model)


def parse_capabilities(value: object) -> ServerCapabilities | None:
    """Abilities as the cache has them; `None` for anything else."""
    return (
        ServerCapabilities(**value)
        if isinstance(value, dict) and value.keys() == set(ServerCapabilities._fields)
        else None
    )


def server_revision(endpoint: Endpoint) -> str:
    """The revision of the models of a server: a hash of where it is."""
    return content_key(endpoint.base_url)[:8]


class ChatJudge:
    """A model behind an OpenAI-compatible endpoint.

    The client is made at the first request: until then nothing heavy is imported.

    Args:
        model: as the server calls it.
        endpoint: where it is.
        scheduler: limits, retries and totals, shared by all judges of a run.
        cache: remembers what the server can do.
        price: of a million tokens.
        timeout: seconds that a request may take.
        seed: sent to servers that take one.
        http_client: what the openai client sends requests with; its own if left out.

    """

    def __init__(
        self,
        model: str,
        endpoint: Endpoint,
        scheduler: RequestScheduler,
        *,
        cache: ReplyCache | None = None,
        price: Price = FREE,
        timeout: float = 120.0,
        seed: int = 0,
        http_client: Any = None,
    ) -> None:
        self.name = model
        self.revision = server_revision(endpoint)
        self._endpoint = endpoint
        self._scheduler = scheduler
        self._cache = cache
        self._price = price
        self._timeout = timeout
        self._seed = seed
        self._http_client = http_client
        self._client: OpenAI | None = None
        self._lock = threading.Lock()
        self._probing = threading.Lock()
        self._known: ServerCapabilities | None = None
        self._replied = False
        self._lost = ""
        self._server_key = capabilities_key(endpoint, model)

    def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        """Write the next message; see `protocol.Judge`."""
        if self._capabilities() is None:
            with self._probing:  # what the server can do is found out by one request, not by all at once
                known = self._capabilities()
                if known is None:
                    return self._complete(messages, schema, max_tokens, ServerCapabilities())
        return self._complete(messages, schema, max_tokens, self._known or ServerCapabilities())

    def _complete(
        self, messages: Sequence[Message], schema: Mapping[str, Any], max_tokens: int, abilities: ServerCapabilities
    ) -> Completion:
        """One request, and again with less where the server does not understand a part of it."""
        if self._lost:
            raise SetupError(self._lost)
        while True:
            result = self._request(messages, schema, max_tokens, abilities)
            if isinstance(result, Completion):
                self._remember(abilities)
                return result
            less = downgrade(abilities, result.said)
            if less is None:
                self._give_up(result.status)
            else:
                abilities = less

    def _give_up(self, status: int) -> NoReturn:
        """No form of a request is understood: this one is at fault, or the address of a server that never replied."""
        if status == 404 and self._known is None:
            self._lost = f"{self._endpoint.host} has nothing at this address (404); that of most servers ends in /v1"
            raise SetupError(self._lost)
        self._scheduler.totals.add(failed=1)
        raise RequestError("failed", f"the server refuses the request ({status})")

    def _request(
        self, messages: Sequence[Message], schema: Mapping[str, Any], max_tokens: int, abilities: ServerCapabilities
    ) -> "Completion | _NotUnderstood":
        body = request_body(self.name, messages, schema, max_tokens, abilities, seed=self._seed)
        estimate = TokenUsage(estimated_tokens(messages), max_tokens)

        def send() -> Completion | _NotUnderstood:
            import openai

            with map_client_errors(self._endpoint, self._timeout):
                try:
                    reply = self._opened().chat.completions.create(**body)
                except openai.APIStatusError as error:
                    if rejects_request_format(error):
                        return _NotUnderstood(error.status_code, error_body(error))
                    raise
            return read_completion(reply, estimate.input_tokens)

        return self._scheduler.run(send, estimate, self._price, server_key=self._server_key)

    def _opened(self) -> "OpenAI":
        with self._lock:
            if self._client is None:
                self._client = open_client(self._endpoint, self._timeout, self._http_client)
            return self._client

    def _capabilities(self) -> ServerCapabilities | None:
        if self._known is None and self._cache is not None:
            self._known = parse_capabilities(self._cache.get([self._server_key]).get(self._server_key))
        return self._known

    def _remember(self, abilities: ServerCapabilities) -> None:
        """What the first reply shows; a later request may have failed in one form and worked in another by chance."""
        if not self._replied and self._known != abilities:
            self._known = abilities
            if self._cache is not None:
                self._cache.put({self._server_key: abilities._asdict()})
        self._replied = True


class _NotUnderstood(NamedTuple):
    """The server does not know a part of the request; `said` is its message, for finding out which."""

    status: int
    said: str


def request_body(
    model: str,
    messages: Sequence[Message],
    schema: Mapping[str, Any],
    max_tokens: int,
    abilities: ServerCapabilities | None = None,
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """The body of a chat completion, with what the server can take."""
    can = abilities or ServerCapabilities()
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": message.role, "content": _sendable(message.content)} for message in messages],
        can.length: max_tokens,
    }
    if can.temperature:
        body["temperature"] = 0
    if can.seed:
        body["seed"] = seed
    if can.form == "json_schema":
        named = {"name": "reply", "strict": True, "schema": dict(schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    elif can.form == "schema":
        body["response_format"] = {"type": "json_object", "schema": dict(schema)}
    elif can.form == "json_object":
        body["response_format"] = {"type": "json_object"}
    return body


def _sendable(text: str) -> str:
    """The text without halves of surrogate pairs, which no request can carry."""
    return text.encode("utf-8", "replace").decode()


def downgrade(abilities: ServerCapabilities, said: str) -> ServerCapabilities | None:
    """Less to use of a server that does not know a part of a request: not what its message names, else a plainer form.

    `None` when nothing is left.
    """
    text = said.lower()
    if "max_completion_tokens" in text and abilities.length == "max_tokens":
        return abilities._replace(length="max_completion_tokens")
    if "temperature" in text and abilities.temperature:
        return abilities._replace(temperature=False)
    if re.search(r"\bseed\b", text) and abilities.seed:
        return abilities._replace(seed=False)
    plainer = _FORMS[_FORMS.index(abilities.form) + 1 :]
    return abilities._replace(form=plainer[0]) if plainer else None


def read_completion(reply: Any, input_tokens: int) -> Completion:
    """The text of a chat completion, in which any part may be missing or of another kind.

    Args:
        reply: what the client made of the body.
        input_tokens: assumed where the server does not count.

    Raises:
        RequestError: the model refused, or its reply was cut off.
        AttemptError: there is no reply in it; the same request may be sent again.

    """
    choices = getattr(reply, "choices", None)
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = getattr(choice, "message", None)
    if message is None:
        raise AttemptError("the server's reply holds no choice", retryable=True)
    finish, text = getattr(choice, "finish_reason", None), getattr(message, "content", None)
    usage = getattr(reply, "usage", None)
    spent = TokenUsage(
        token_count(usage, "prompt_tokens", input_tokens),
        token_count(usage, "completion_tokens", estimate_tokens(text) if isinstance(text, str) else 0),
    )
    if getattr(message, "refusal", None) or finish == "content_filter":
        raise AttemptError(REFUSAL_REASON, kind="refused", usage=spent)
    if finish == "length":
        raise AttemptError("the judge's reply was cut off", kind="malformed", usage=spent)
    if not isinstance(text, str) or not text.strip():
        raise AttemptError("the judge's reply is empty", kind="malformed", usage=spent)
    return Completion(text, *spent)
