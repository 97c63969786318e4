"""A judge behind an OpenAI-compatible endpoint: OpenAI, vLLM, Ollama, llama.cpp and others, through the openai client.

It knows how to ask politely (limits, retries, what the server can do) and how to fail (one reason a request). What is
asked and what the reply means is for `judging`.
"""

import json
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn
from urllib.parse import SplitResult, urlsplit

from grader.cache import Cache, content_key
from grader.calls import Calls, TryError
from grader.errors import InputError, SetupError
from grader.judging import Completion, JudgeError, Message, estimated_tokens
from grader.limits import FREE, Price, Spent, text_tokens

if TYPE_CHECKING:
    from openai import OpenAI

DEFAULT_URL = "https://api.openai.com/v1"
KEY_VARIABLE = "OPENAI_API_KEY"
URL_VARIABLE = "OPENAI_BASE_URL"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Statuses after which the same request may succeed: time-out, conflict, too early, too many, and faults of the server.
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
# Statuses by which a server says that it does not know a part of the request.
_NOT_UNDERSTOOD = frozenset({400, 404, 415, 422, 501})
# By these codes servers refuse a request for what the answer says.
_FILTERED = ("content_filter", "content_policy_violation")
REFUSED = "the judge refused to judge this answer"

# How a server is asked for JSON: bound to the schema in the way of OpenAI or of llama-cpp-python, to JSON, or in words.
Form = Literal["json_schema", "schema", "json_object", "text"]
_FORMS: tuple[Form, ...] = ("json_schema", "schema", "json_object", "text")


class Endpoint(NamedTuple):
    """Where a server is, and the key for it, which is never shown."""

    base_url: str
    key: str

    def __repr__(self) -> str:
        return f"Endpoint({self.base_url!r})"

    @property
    def host(self) -> str:
        """Host and port, as may be shown."""
        return urlsplit(self.base_url).netloc

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, so that nothing leaves it."""
        return (urlsplit(self.base_url).hostname or "") in _LOOPBACK


def find_endpoint(base_url: str | None = None, *, needs_key: bool = True) -> Endpoint:
    """The server and its key: the address as given or from the environment, the key from the environment alone.

    Args:
        base_url: of the server, if it does not come from the environment.
        needs_key: whether something will be sent; then a server elsewhere must have a key.

    Raises:
        InputError: the address is none, holds a password, or goes over an open line to another machine.
        SetupError: there is no key for a server that is not on this machine, or one that no request can carry.

    """
    url = base_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL
    parts = _parts(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"'{_without_login(url)}' is no address of a server: expected https://host/v1")
    if parts.username or parts.password:
        raise InputError(f"the address of the judge's server holds a password: put it into {KEY_VARIABLE} instead")
    key = os.environ.get(KEY_VARIABLE, "").strip()
    endpoint = Endpoint(url.rstrip("/"), key or "none")
    if not endpoint.is_local and parts.scheme != "https":
        raise InputError(f"'{_without_login(url)}' would send answers over an open line: use https://")
    if needs_key and not key and not endpoint.is_local:
        raise SetupError(f"there is no key for {endpoint.host}; set it in the environment: export {KEY_VARIABLE}=...")
    if needs_key and re.search(r"[^!-~]", key):
        raise SetupError(f"the key holds characters that no key has; set it anew: export {KEY_VARIABLE}=...")
    return endpoint


def _parts(url: str) -> SplitResult | None:
    with suppress(ValueError):  # brackets that hold no IPv6 address
        return urlsplit(url)
    return None


def _without_login(url: str) -> str:
    return re.sub(r"^(\w+://)?.*@", r"\1", url)


class Abilities(NamedTuple):
    """What a server takes: found out once, remembered with the cache."""

    form: Form = "json_schema"
    temperature: bool = True
    seed: bool = True
    length: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"


def abilities_key(endpoint: Endpoint, model: str) -> str:
    """Where the cache remembers them."""
    return content_key("server", endpoint.base_url, model)


def read_abilities(value: object) -> Abilities | None:
    """Abilities as the cache has them; `None` for anything else."""
    return Abilities(**value) if isinstance(value, dict) and value.keys() == set(Abilities._fields) else None


def server_revision(endpoint: Endpoint) -> str:
    """The revision of the models of a server: a hash of where it is."""
    return content_key(endpoint.base_url)[:8]


class ChatJudge:
    """A model behind an OpenAI-compatible endpoint.

    The client is made at the first request: until then nothing heavy is imported.

    Args:
        model: as the server calls it.
        endpoint: where it is.
        calls: limits, retries and totals, shared by all judges of a run.
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
        calls: Calls,
        *,
        cache: Cache | None = None,
        price: Price = FREE,
        timeout: float = 120.0,
        seed: int = 0,
        http_client: Any = None,
    ) -> None:
        self.name = model
        self.revision = server_revision(endpoint)
        self._endpoint = endpoint
        self._calls = calls
        self._cache = cache
        self._price = price
        self._timeout = timeout
        self._seed = seed
        self._http_client = http_client
        self._client: OpenAI | None = None
        self._lock = threading.Lock()
        self._probing = threading.Lock()
        self._known: Abilities | None = None
        self._replied = False
        self._lost = ""
        self._server_key = abilities_key(endpoint, model)

    def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        """Write the next message; see `judging.Judge`."""
        if self._abilities() is None:
            with self._probing:  # what the server can do is found out by one request, not by all at once
                known = self._abilities()
                if known is None:
                    return self._complete(messages, schema, max_tokens, Abilities())
        return self._complete(messages, schema, max_tokens, self._known or Abilities())

    def _complete(
        self, messages: Sequence[Message], schema: Mapping[str, Any], max_tokens: int, abilities: Abilities
    ) -> Completion:
        """One request, and again with less where the server does not understand a part of it."""
        if self._lost:
            raise SetupError(self._lost)
        while True:
            result = self._request(messages, schema, max_tokens, abilities)
            if isinstance(result, Completion):
                self._remember(abilities)
                return result
            less = with_less(abilities, result.said)
            if less is None:
                self._give_up(result.status)
            else:
                abilities = less

    def _give_up(self, status: int) -> NoReturn:
        """No form of a request is understood: this one is at fault, or the address of a server that never replied."""
        if status == 404 and self._known is None:
            self._lost = f"{self._endpoint.host} has nothing at this address (404); that of most servers ends in /v1"
            raise SetupError(self._lost)
        self._calls.totals.add(failed=1)
        raise JudgeError("failed", f"the server refuses the request ({status})")

    def _request(
        self, messages: Sequence[Message], schema: Mapping[str, Any], max_tokens: int, abilities: Abilities
    ) -> "Completion | _NotUnderstood":
        body = request_body(self.name, messages, schema, max_tokens, abilities, seed=self._seed)
        estimate = Spent(estimated_tokens(messages), max_tokens)

        def send() -> Completion | _NotUnderstood:
            import openai

            with server_faults(self._endpoint, self._timeout):
                try:
                    reply = self._opened().chat.completions.create(**body)
                except openai.APIStatusError as error:
                    if _is_about_the_form(error):
                        return _NotUnderstood(error.status_code, _said(error))
                    raise
            return read_completion(reply, estimate.input_tokens)

        return self._calls.run(send, estimate, self._price, whose=self._server_key)

    def _opened(self) -> "OpenAI":
        with self._lock:
            if self._client is None:
                self._client = open_client(self._endpoint, self._timeout, self._http_client)
            return self._client

    def _abilities(self) -> Abilities | None:
        if self._known is None and self._cache is not None:
            self._known = read_abilities(self._cache.get([self._server_key]).get(self._server_key))
        return self._known

    def _remember(self, abilities: Abilities) -> None:
        """What the first reply shows; a later request may have failed in one form and worked in another by chance."""
        if not self._replied and self._known != abilities:
            self._known = abilities
            if self._cache is not None:
                self._cache.put({self._server_key: abilities._asdict()})
        self._replied = True


def open_client(endpoint: Endpoint, timeout: float, http_client: Any = None) -> "OpenAI":
    """An openai client; its own retries are off, for every try is counted and limited by `Calls`.

    Args:
        endpoint: where the server is.
        timeout: seconds that a request may take.
        http_client: what it sends requests with; its own if left out.

    """
    from openai import OpenAI

    return OpenAI(
        api_key=endpoint.key, base_url=endpoint.base_url, max_retries=0, timeout=timeout, http_client=http_client
    )


@contextmanager
def server_faults(endpoint: Endpoint, timeout: float) -> Iterator[None]:
    """Tell faults of a server and of the line to it as `TryError`, without anything that the server said.

    Args:
        endpoint: where the server is.
        timeout: that the client was opened with.

    """
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        raise _refused(error, endpoint) from None
    except openai.APITimeoutError:
        raise TryError(f"no reply within {timeout:g} s", again=True) from None
    except (openai.APIConnectionError, openai.APIResponseValidationError):
        raise TryError("the line to the server was cut", again=True) from None
    except (ValueError, RecursionError):  # a body that is no JSON
        raise TryError("the server's reply is no JSON", again=True) from None


class _NotUnderstood(NamedTuple):
    """The server does not know a part of the request; `said` is its message, for finding out which."""

    status: int
    said: str


def request_body(
    model: str,
    messages: Sequence[Message],
    schema: Mapping[str, Any],
    max_tokens: int,
    abilities: Abilities | None = None,
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """The body of a chat completion, with what the server can take."""
    can = abilities or Abilities()
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


def with_less(abilities: Abilities, said: str) -> Abilities | None:
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
        JudgeError: the model refused, or its reply was cut off.
        TryError: there is no reply in it; the same request may be sent again.

    """
    choices = getattr(reply, "choices", None)
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = getattr(choice, "message", None)
    if message is None:
        raise TryError("the server's reply holds no choice", again=True)
    finish, text = getattr(choice, "finish_reason", None), getattr(message, "content", None)
    usage = getattr(reply, "usage", None)
    spent = Spent(
        _counted(usage, "prompt_tokens", input_tokens),
        _counted(usage, "completion_tokens", text_tokens(text) if isinstance(text, str) else 0),
    )
    if getattr(message, "refusal", None) or finish == "content_filter":
        raise TryError(REFUSED, kind="refused", spent=spent)
    if finish == "length":
        raise TryError("the judge's reply was cut off", kind="malformed", spent=spent)
    if not isinstance(text, str) or not text.strip():
        raise TryError("the judge's reply is empty", kind="malformed", spent=spent)
    return Completion(text, *spent)


def _counted(usage: Any, name: str, otherwise: int) -> int:
    value = getattr(usage, name, None)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else otherwise


def _is_about_the_form(error: Any) -> bool:
    """Whether the server does not know a part of the request; llama-cpp-python says so with a 500."""
    said = _said(error).lower()
    if error.code in _FILTERED:
        return False
    if error.status_code == 404:
        return "model" not in said
    return error.status_code in _NOT_UNDERSTOOD or (error.status_code == 500 and "response_format" in said)


def _refused(error: Any, endpoint: Endpoint) -> TryError:
    """What a status other than 200 means: for this request, or for all of them."""
    status = int(error.status_code)
    if error.code in _FILTERED:
        return TryError(REFUSED, kind="refused", spent=Spent(0, 0))
    if status in (401, 403):
        return TryError(
            f"{endpoint.host} refuses the key ({status})", fatal=f"check {KEY_VARIABLE} and what it may be used for"
        )
    if status == 404:
        return TryError(f"{endpoint.host} has no such model (404)", fatal="choose a model that the server has: --judge")
    if status == 402 or "insufficient_quota" in _said(error):
        return TryError(f"the account at {endpoint.host} has no quota left ({status})", fatal="add credit, then go on")
    again = status in _AGAIN
    return TryError(f"the server answered {status}", again=again, after=_retry_after(error.response.headers))


def _said(error: Any) -> str:
    """The body of an error as text, for looking words up in it; it is never shown, for it may repeat the key."""
    with suppress(TypeError, ValueError):
        return json.dumps(error.body)[:5000]
    return ""


def _retry_after(headers: Any) -> float | None:
    """Seconds that the server asks to wait: in milliseconds, seconds, or as a date (RFC 9110, 10.2.3)."""
    with suppress(TypeError, ValueError):
        return max(0.0, float(headers.get("retry-after-ms")) / 1000)
    value = headers.get("retry-after")
    with suppress(TypeError, ValueError):
        return max(0.0, float(value))
    with suppress(TypeError, ValueError):
        from datetime import UTC, datetime

        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    return None
