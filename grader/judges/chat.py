"""A judge behind an OpenAI-compatible endpoint: OpenAI, vLLM, Ollama, llama.cpp and others, through the openai client.

It finds out which request features a server supports, and turns every failure into one reason. Prompts and replies
are handled in `prompt` and `reply`, limits and retries in `provider`.
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

# Ways to request JSON: a schema in the form of OpenAI or of llama-cpp-python, any JSON object, or only by the prompt.
ResponseForm = Literal["json_schema", "schema", "json_object", "text"]
_RESPONSE_FORMS: tuple[ResponseForm, ...] = ("json_schema", "schema", "json_object", "text")


class ServerCapabilities(NamedTuple):
    """Request features that a server supports; detected once and cached under these field names."""

    form: ResponseForm = "json_schema"
    temperature: bool = True
    seed: bool = True
    length: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"


def capabilities_key(endpoint: Endpoint, model: str) -> str:
    """The cache key of a server's capabilities."""
    return content_key("server", endpoint.base_url, model)


def parse_capabilities(value: object) -> ServerCapabilities | None:
    """Capabilities from their form in the cache; `None` for anything else."""
    return (
        ServerCapabilities(**value)
        if isinstance(value, dict) and value.keys() == set(ServerCapabilities._fields)
        else None
    )


def server_revision(endpoint: Endpoint) -> str:
    """The revision of a server's models: a hash of its address."""
    return content_key(endpoint.base_url)[:8]


class ChatJudge:
    """A model behind an OpenAI-compatible endpoint.

    The client is made, and its package imported, at the first request.

    Args:
        model: its name at the server.
        endpoint: the server.
        scheduler: limits, retries and totals, shared by all judges of a run.
        cache: keeps the capabilities of the server.
        price: price per million tokens.
        timeout: limit on one request, in seconds.
        seed: sent to servers that support it.
        http_client: HTTP client to use; the openai client's own if left out.

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
        self._fatal_problem = ""
        self._server_key = capabilities_key(endpoint, model)

    def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        """Complete a chat; see `protocol.Judge`."""
        if self._capabilities() is None:
            with self._probing:  # only one request detects the capabilities
                known = self._capabilities()
                if known is None:
                    return self._complete(messages, schema, max_tokens, ServerCapabilities())
        return self._complete(messages, schema, max_tokens, self._known or ServerCapabilities())

    def _complete(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Any],
        max_tokens: int,
        capabilities: ServerCapabilities,
    ) -> Completion:
        """Send a request; while the server rejects a part of it, send it again with fewer features."""
        if self._fatal_problem:
            raise SetupError(self._fatal_problem)
        while True:
            result = self._request(messages, schema, max_tokens, capabilities)
            if isinstance(result, Completion):
                self._remember(capabilities)
                return result
            less = downgrade(capabilities, result.said)
            if less is None:
                self._give_up(result.status)
            else:
                capabilities = less

    def _give_up(self, status: int) -> NoReturn:
        """Raise the error after all forms were rejected: the request is wrong, or the address if no request worked."""
        if status == 404 and self._known is None:
            self._fatal_problem = (
                f"{self._endpoint.host} has nothing at this address (404); that of most servers ends in /v1"
            )
            raise SetupError(self._fatal_problem)
        self._scheduler.totals.add(failed=1)
        raise RequestError("failed", f"the server refuses the request ({status})")

    def _request(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Any],
        max_tokens: int,
        capabilities: ServerCapabilities,
    ) -> "Completion | _RejectedRequest":
        body = request_body(self.name, messages, schema, max_tokens, capabilities, seed=self._seed)
        estimate = TokenUsage(estimated_tokens(messages), max_tokens)

        def send() -> Completion | _RejectedRequest:
            import openai

            with map_client_errors(self._endpoint, self._timeout):
                try:
                    reply = self._opened().chat.completions.create(**body)
                except openai.APIStatusError as error:
                    if rejects_request_format(error):
                        return _RejectedRequest(error.status_code, error_body(error))
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

    def _remember(self, capabilities: ServerCapabilities) -> None:
        """Store the capabilities shown by the first reply. Later ones are ignored: a form may fail by chance."""
        if not self._replied and self._known != capabilities:
            self._known = capabilities
            if self._cache is not None:
                self._cache.put({self._server_key: capabilities._asdict()})
        self._replied = True


class _RejectedRequest(NamedTuple):
    """The server rejected a part of the request; `said` is its message, which may name the part."""

    status: int
    said: str


def request_body(
    model: str,
    messages: Sequence[Message],
    schema: Mapping[str, Any],
    max_tokens: int,
    capabilities: ServerCapabilities | None = None,
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """The body of a chat completion, with the features that the server supports."""
    supported = capabilities or ServerCapabilities()
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": message.role, "content": _sendable(message.content)} for message in messages],
        supported.length: max_tokens,
    }
    if supported.temperature:
        body["temperature"] = 0
    if supported.seed:
        body["seed"] = seed
    if supported.form == "json_schema":
        named = {"name": "reply", "strict": True, "schema": dict(schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    elif supported.form == "schema":
        body["response_format"] = {"type": "json_object", "schema": dict(schema)}
    elif supported.form == "json_object":
        body["response_format"] = {"type": "json_object"}
    return body


def _sendable(text: str) -> str:
    """The text without lone surrogates, which cannot be sent."""
    return text.encode("utf-8", "replace").decode()


def downgrade(capabilities: ServerCapabilities, said: str) -> ServerCapabilities | None:
    """Capabilities without the one that the server's message names; else with the next simpler way to request JSON.

    `None` if there is nothing left to drop.
    """
    text = said.lower()
    if "max_completion_tokens" in text and capabilities.length == "max_tokens":
        return capabilities._replace(length="max_completion_tokens")
    if "temperature" in text and capabilities.temperature:
        return capabilities._replace(temperature=False)
    if re.search(r"\bseed\b", text) and capabilities.seed:
        return capabilities._replace(seed=False)
    plainer = _RESPONSE_FORMS[_RESPONSE_FORMS.index(capabilities.form) + 1 :]
    return capabilities._replace(form=plainer[0]) if plainer else None


def read_completion(reply: Any, input_tokens: int) -> Completion:
    """Read the text of a chat completion; any part of it may be missing or of the wrong type.

    Args:
        reply: the response object of the openai client.
        input_tokens: an estimate, used if the server reports no number.

    Raises:
        AttemptError: there is no usable reply: it is missing (the request may be sent again), refused, cut off or
            empty.

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
