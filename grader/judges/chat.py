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
# So many different requests are refused, and none is answered, before the server is given up.
_REFUSED_IN_A_ROW = 3
_RESPONSE_FORMS: tuple[ResponseForm, ...] = ("json_schema", "schema", "json_object", "text")


class ServerCapabilities(NamedTuple):
    """Request features that a server supports; detected once and cached under these field names."""

    form: ResponseForm = "json_schema"
    temperature: bool = True
    seed: bool = True
    reasoning: bool = True
    system: bool = True
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


class ModelOptions(NamedTuple):
    """How a model is asked; what is not default is part of the judge's revision.

    Attributes:
        model: its name at the server; empty for the name of the judge.
        api: the endpoint: `chat` completions or `responses`.
        max_tokens: limit on the length of a reply with its reasoning, in tokens; `None` for one that depends on the
            number of points.
        reasoning_effort: sent if given, such as `low`.
        temperature: sent unless `None`.
        sends_seed: whether a seed is sent.
        system_role: whether the instructions are a message of their own; else they begin the first message.

    """

    model: str = ""
    api: Literal["chat", "responses"] = "chat"
    max_tokens: int | None = None
    reasoning_effort: str | None = None
    temperature: float | None = 0.0
    sends_seed: bool = True
    system_role: bool = True


def server_revision(endpoint: Endpoint, options: ModelOptions | None = None) -> str:
    """The revision of a server's models: a hash of its address and of the options that are not default."""
    options = options or ModelOptions()
    # What only limits the length or the waiting changes no reply that is kept.
    asked = options._replace(max_tokens=None)
    others = [] if asked == ModelOptions() and not endpoint.query else [asked, sorted(endpoint.query.items())]
    return content_key(endpoint.base_url, *others)[:8]


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
        options: how the model is asked.
        concurrency: most requests in flight to this server; that of the scheduler's policy if left out.
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
        options: ModelOptions | None = None,
        concurrency: int | None = None,
        http_client: Any = None,
    ) -> None:
        options = options or ModelOptions()
        self.name = model
        self.revision = server_revision(endpoint, options)
        self._options = options._replace(model=options.model or model)
        self._concurrency = concurrency
        self._n_refused = 0
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

    @property
    def known_capabilities(self) -> ServerCapabilities | None:
        """What the server has shown to support; `None` before its first reply."""
        return self._known

    def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        """Complete a chat; see `protocol.Judge`."""
        max_tokens = self._options.max_tokens or max_tokens
        try:
            return self._detect_and_complete(messages, schema, max_tokens)
        except RequestError as error:
            if error.kind != "cut_off":
                raise
        # A model that reasons may need more than expected.
        return self._detect_and_complete(messages, schema, 2 * max_tokens)

    def _detect_and_complete(
        self, messages: Sequence[Message], schema: Mapping[str, Any], max_tokens: int
    ) -> Completion:
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
                return result._replace(text=self._without_secrets(result))
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
        self._n_refused += 1
        if self._n_refused >= _REFUSED_IN_A_ROW and not self._replied:
            self._fatal_problem = (
                f"{self._endpoint.base_url} refuses every request ({status}); "
                "check model and options: grader judges test"
            )
            raise SetupError(self._fatal_problem)
        raise RequestError("failed", f"the server refuses the request ({status})")

    def _without_secrets(self, reply: Completion) -> str:
        """The text of a reply without secrets that the model repeats; also none behind JSON escapes."""
        text = self._endpoint.redact(reply.text)
        if "\\u" in text or "\\/" in text:
            plain = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text).replace("\\/", "/")
            if self._endpoint.redact(plain) != plain:
                raise RequestError("malformed", "it repeats a secret")
        return text

    def _request(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Any],
        max_tokens: int,
        capabilities: ServerCapabilities,
    ) -> "Completion | _RejectedRequest":
        body = request_body(self._options, messages, schema, max_tokens, capabilities, seed=self._seed)
        estimate = TokenUsage(estimated_tokens(messages), max_tokens)

        def send() -> Completion | _RejectedRequest:
            import openai

            with map_client_errors(self._endpoint, self._timeout):
                try:
                    reply = self._send(body)
                except openai.APIStatusError as error:
                    if rejects_request_format(error):
                        return _RejectedRequest(error.status_code, error_body(error))
                    raise
            if self._options.api == "responses":
                return read_response(reply, estimate.input_tokens)
            return read_completion(reply, estimate.input_tokens)

        return self._scheduler.run(
            send,
            estimate,
            self._price,
            server_key=self._server_key,
            timeout=self._timeout,
            concurrency=self._concurrency,
        )

    def _send(self, body: dict[str, Any]) -> Any:
        client = self._opened()
        return (
            client.responses.create(**body)
            if self._options.api == "responses"
            else client.chat.completions.create(**body)
        )

    def _opened(self) -> "OpenAI":
        with self._lock:
            if self._client is None:
                self._client = open_client(
                    self._endpoint, self._timeout, self._http_client, stop=self._scheduler.stop_signal
                )
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
    options: ModelOptions,
    messages: Sequence[Message],
    schema: Mapping[str, Any],
    max_tokens: int,
    capabilities: ServerCapabilities | None = None,
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """The body of a request, with the features that the server supports."""
    supported = capabilities or ServerCapabilities()
    chat = _chat(messages, with_system=options.system_role and supported.system)
    body: dict[str, Any] = {"model": options.model}
    if supported.temperature and options.temperature is not None:
        body["temperature"] = options.temperature
    if options.api == "responses":
        body |= {"input": chat, "max_output_tokens": max_tokens, "store": False}
        if supported.reasoning and options.reasoning_effort is not None:
            body["reasoning"] = {"effort": options.reasoning_effort}
        if supported.form == "json_schema":
            body["text"] = {"format": {"type": "json_schema", "name": "reply", "strict": True, "schema": dict(schema)}}
        elif supported.form == "json_object":
            body["text"] = {"format": {"type": "json_object"}}
        return body
    body |= {"messages": chat, supported.length: max_tokens}
    if supported.reasoning and options.reasoning_effort is not None:
        body["reasoning_effort"] = options.reasoning_effort
    if supported.seed and options.sends_seed:
        body["seed"] = seed
    if supported.form == "json_schema":
        named = {"name": "reply", "strict": True, "schema": dict(schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    elif supported.form == "schema":
        body["response_format"] = {"type": "json_object", "schema": dict(schema)}
    elif supported.form == "json_object":
        body["response_format"] = {"type": "json_object"}
    return body


def _chat(messages: Sequence[Message], *, with_system: bool) -> list[dict[str, str]]:
    """The messages; without a system role, its text begins the first message of the user."""
    chat = [{"role": message.role, "content": _sendable(message.content)} for message in messages]
    if with_system or len(chat) < 2 or chat[0]["role"] != "system":
        return chat
    first = {"role": "user", "content": f"{chat[0]['content']}\n\n{chat[1]['content']}"}
    return [first, *chat[2:]]


def _sendable(text: str) -> str:
    """The text without lone surrogates, which cannot be sent."""
    return text.encode("utf-8", "replace").decode()


# What templates of models without a system role say, by way of llama.cpp, vLLM and LM Studio.
_NO_SYSTEM_ROLE = re.compile(
    r"system (?:role|prompt|message|instruction)s?[^{}]{0,40}not (?:supported|enabled|allowed)"
    r"|developer instruction is not"
    r"|only user(?:,| and) (?:assistant|model)[^{}]{0,20} roles|roles must alternate"
)


def downgrade(capabilities: ServerCapabilities, said: str) -> ServerCapabilities | None:
    """Capabilities without the one that the server's message names; else with the next simpler way to request JSON.

    `None` if there is nothing left to drop.
    """
    text = said.lower()
    if "max_completion_tokens" in text and capabilities.length == "max_tokens":
        return capabilities._replace(length="max_completion_tokens")
    if "temperature" in text and capabilities.temperature:
        return capabilities._replace(temperature=False)
    if re.search(r"reasoning[_. ]effort|\breasoning\b", text) and capabilities.reasoning:
        return capabilities._replace(reasoning=False)
    if _NO_SYSTEM_ROLE.search(text) and capabilities.system:
        return capabilities._replace(system=False)
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
    _raise_error_within(reply)
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
        raise AttemptError(_CUT_OFF, kind="cut_off", usage=spent)
    if finish == "error":
        raise AttemptError("the server failed while the judge replied", retryable=True, usage=spent)
    if not isinstance(text, str) or not text.strip():
        called = finish == "tool_calls" or getattr(message, "tool_calls", None)
        raise AttemptError("the judge called a tool instead of replying" if called else _EMPTY, usage=spent)
    return Completion(text, *spent)


_CUT_OFF = "the judge's reply was cut off; give it more room: --judge-max-tokens"
_EMPTY = "the judge's reply is empty"


def read_response(reply: Any, input_tokens: int) -> Completion:
    """Read the text of a response of the Responses API; arguments and errors as in `read_completion`."""
    _raise_error_within(reply)
    output = getattr(reply, "output", None)
    if not isinstance(output, list):
        raise AttemptError("the server's reply holds no output", retryable=True)
    parts = [part for item in output for part in getattr(item, "content", None) or ()]
    text = "".join(part.text for part in parts if isinstance(getattr(part, "text", None), str) and _is_output(part))
    usage = getattr(reply, "usage", None)
    spent = TokenUsage(
        token_count(usage, "input_tokens", input_tokens), token_count(usage, "output_tokens", estimate_tokens(text))
    )
    why = getattr(getattr(reply, "incomplete_details", None), "reason", None)
    if why == "content_filter" or any(getattr(part, "type", None) == "refusal" for part in parts):
        raise AttemptError(REFUSAL_REASON, kind="refused", usage=spent)
    if why == "max_output_tokens":
        raise AttemptError(_CUT_OFF, kind="cut_off", usage=spent)
    if not text.strip():
        raise AttemptError(_EMPTY, usage=spent)
    return Completion(text, *spent)


def _is_output(part: Any) -> bool:
    """Whether a part is text for the reader; reasoning is not."""
    return getattr(part, "type", None) == "output_text"


def _raise_error_within(reply: Any) -> None:
    """Raise the error that a reply with status 200 holds: OpenRouter's of a provider, LM Studio's of an address."""
    error = getattr(reply, "error", None)
    if isinstance(error, str) and "endpoint" in error.lower():
        remedy = "the address of most servers ends in /v1: --judge-url, or 'url' in a judges file"
        raise AttemptError("the server has nothing at this address", remedy=remedy)
    if error:
        code = error.get("code") if isinstance(error, dict) else None
        if code == 402:
            raise AttemptError("the account has no credit left (402)", remedy="add credit, then go on")
        said = f"the server answered {code}" if isinstance(code, int) else "the server answered with an error"
        raise AttemptError(said, retryable=not (isinstance(code, int) and 400 <= code < 408))
