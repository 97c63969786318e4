"""An OpenAI-compatible server: its address and key, a client for it, and the meaning of its error responses.

Judges and remote encoders use it. It does not depend on the content of requests.
"""

import json
import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from grader.errors import InputError, SetupError
from grader.provider.budget import TokenUsage
from grader.provider.errors import AttemptError
from grader.provider.transport import MAX_REPLY_BYTES, ReplyTooLargeError, StopSignal, bounded_client, bounded_exchange

if TYPE_CHECKING:
    from openai import OpenAI

DEFAULT_URL = "https://api.openai.com/v1"
KEY_VARIABLE = "OPENAI_API_KEY"
URL_VARIABLE = "OPENAI_BASE_URL"
_SHORTEST_SECRET = 8  # shorter values may be words of an answer
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Statuses after which the same request may succeed: timeout, conflict, too early, too many requests, server errors.
_RETRYABLE = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
# Statuses of a server that does not support a part of the request.
_UNSUPPORTED = frozenset({400, 404, 415, 422, 501})
# Error codes of servers that refuse a request because of the content of the answer.
_CONTENT_FILTER_CODES = ("content_filter", "content_policy_violation")
# Headers that take the place of the key.
KEY_HEADERS = frozenset({"api-key", "authorization", "x-api-key", "x-goog-api-key"})
REFUSAL_REASON = "the judge refused to judge this answer"


class Endpoint(NamedTuple):
    """The address of a server and its key, which is never shown; `key_variable` of the environment holds it."""

    base_url: str
    key: str
    headers: Mapping[str, str] = MappingProxyType({})
    query: Mapping[str, str] = MappingProxyType({})
    key_variable: str = KEY_VARIABLE

    def __repr__(self) -> str:
        return f"Endpoint({self.base_url!r})"

    @property
    def host(self) -> str:
        """Host and port, which may be shown."""
        return urlsplit(self.base_url).netloc

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine, so that no data leaves it."""
        return (urlsplit(self.base_url).hostname or "") in _LOOPBACK

    def redact(self, text: str) -> str:
        """The text without the key and the values of headers, which a server or its model may repeat."""
        for secret in (self.key, *self.headers.values()):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "[secret]")
        return text


def find_endpoint(
    base_url: str | None = None,
    *,
    needs_key: bool = True,
    label: str = "the judge's server",
    key_variable: str = KEY_VARIABLE,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    allow_http: bool = False,
) -> Endpoint:
    """The server and its key. The address is given or from the environment; the key is always from the environment.

    Args:
        base_url: the address; from the environment if left out.
        needs_key: whether requests will be sent, so that a server on another machine needs a key.
        label: the name of the server in errors.
        key_variable: the environment variable with the key, also with one that stands in a header.
        headers, query: sent with every request; a header `api-key` or `Authorization` takes the place of the key.
        allow_http: whether the address may be an unencrypted one on another machine.

    Raises:
        InputError: the address is not valid, has a password, or is an unencrypted one on another machine.
        SetupError: there is no key for a server on another machine, or the key has characters that are not allowed.

    """
    url = server_address(base_url)
    parts = _split_url(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"'{_without_login(url)}' is no address of a server: expected https://host/v1")
    if parts.username or parts.password:
        raise InputError(f"the address of {label} holds a password: put it into {key_variable} instead")
    if parts.query:
        raise InputError(
            f"the address of {label} has a query, '?{_without_values(parts.query)}': "
            "put it under 'query' in a judges file"
        )
    headers = dict(headers or {})
    has_header = not {name.lower() for name in headers}.isdisjoint(KEY_HEADERS)
    key = "" if has_header else os.environ.get(key_variable, "").strip()
    endpoint = Endpoint(url.rstrip("/"), key or "none", headers, dict(query or {}), key_variable)
    if not endpoint.is_local and parts.scheme != "https" and not allow_http:
        raise InputError(
            f"'{_without_login(url)}' would send answers over an open line: use https://, or for a server in your own "
            "network 'allow_http: true' in a judges file"
        )
    if needs_key and not key and not has_header and not endpoint.is_local and not allow_http:
        raise SetupError(f"there is no key for {endpoint.host}; set it in the environment: export {key_variable}=...")
    if needs_key and re.search(r"[^!-~]", key):
        raise SetupError(f"the key holds characters that no key has; set it anew: export {key_variable}=...")
    return endpoint


def _split_url(url: str) -> SplitResult | None:
    with suppress(ValueError):  # brackets without an IPv6 address
        return urlsplit(url)
    return None


def server_address(base_url: str | None = None) -> str:
    """The given address, else the one from the environment, else OpenAI's; it is not checked."""
    return base_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL


def _without_values(query: str) -> str:
    return "&".join(f"{part.partition('=')[0]}=.." for part in query.split("&"))


def _without_login(url: str) -> str:
    return re.sub(r"^(\w+://)?.*@", r"\1", url)


def open_client(
    endpoint: Endpoint, timeout: float, http_client: Any = None, *, stop: StopSignal | None = None
) -> "OpenAI":
    """Make an openai client without retries of its own, because `RequestScheduler` counts and limits every attempt.

    Args:
        endpoint: the server.
        timeout: limit on one request, in seconds.
        http_client: HTTP client to use; a `bounded_client` if left out.
        stop: ends requests in flight.

    """
    from openai import OpenAI

    if http_client is None:
        http_client = bounded_client(timeout, stop)
        names = {name.lower() for name in endpoint.headers}
        if names & KEY_HEADERS and "authorization" not in names:  # such servers take a bearer for another kind of login
            http_client.event_hooks = {
                **http_client.event_hooks,
                "request": [lambda request: request.headers.pop("Authorization", None)],
            }
    return OpenAI(
        api_key=endpoint.key,
        base_url=endpoint.base_url,
        default_headers=endpoint.headers,
        default_query=endpoint.query,
        max_retries=0,
        timeout=timeout,
        http_client=http_client,
    )


@contextmanager
def map_client_errors(endpoint: Endpoint, timeout: float, *, chosen_by: str = "--judge") -> Iterator[None]:
    """Turn errors of the server and the connection into `AttemptError`, without any text from the server.

    Args:
        endpoint: the server.
        timeout: the timeout of the client, in seconds.
        chosen_by: the option that names the model, for the remedy in the error.

    """
    import openai

    try:
        with bounded_exchange(timeout):
            yield
    except openai.APIStatusError as error:
        raise _status_error(error, endpoint, chosen_by) from None
    except openai.APITimeoutError:
        raise AttemptError(f"no reply within {timeout:g} s", retryable=True, timed_out=True) from None
    except (openai.APIConnectionError, openai.APIResponseValidationError, ReplyTooLargeError) as error:
        raise _connection_error(error, endpoint) from None
    except (ValueError, RecursionError):  # the body is not JSON
        raise AttemptError("the server's reply is no JSON", retryable=True) from None


def token_count(usage: Any, name: str, otherwise: int) -> int:
    """The number of tokens under a name in the usage of a reply; `otherwise` if it is missing or not valid."""
    value = getattr(usage, name, None)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else otherwise


def rejects_request_format(error: Any) -> bool:
    """Whether the server does not support a part of the request; llama-cpp-python reports this with status 500."""
    body = error_body(error).lower()
    if error.code in _CONTENT_FILTER_CODES or _fault_of_all(error, Endpoint("", ""), "") is not None:
        return False
    return error.status_code in _UNSUPPORTED or (error.status_code == 500 and "response_format" in body)


def _status_error(error: Any, endpoint: Endpoint, chosen_by: str) -> AttemptError:
    """The error for a status other than 200: about this request, or about all requests (with a remedy)."""
    status = int(error.status_code)
    if error.code in _CONTENT_FILTER_CODES:
        return AttemptError(REFUSAL_REASON, kind="refused", usage=TokenUsage(0, 0))
    fault = _fault_of_all(error, endpoint, chosen_by)
    if fault is not None:
        return fault
    if 300 <= status < 400:
        target = _split_url(error.response.headers.get("location", ""))
        where = "elsewhere" if target is None or not target.netloc else f"to {target.scheme}://{target.hostname}"
        return AttemptError(
            f"{endpoint.base_url} redirects {where} ({status}), where nothing was sent",
            remedy="if you trust that address, name it: --judge-url, or 'url' in a judges file",
        )
    if status in (401, 403):
        return AttemptError(
            f"{endpoint.host} refuses the key ({status})",
            remedy=f"check {endpoint.key_variable} and what it may be used for",
        )
    if status == 402 or "insufficient_quota" in error_body(error):
        return AttemptError(
            f"the account at {endpoint.host} has no quota left ({status})", remedy="add credit, then go on"
        )
    retryable = status in _RETRYABLE
    return AttemptError(
        f"the server answered {status}", retryable=retryable, retry_after=_retry_after(error.response.headers)
    )


# Errors of this kind come with various statuses: Gemini has 400 for a bad key, LM Studio, Mistral and OpenRouter have
# 400 for a wrong model, llama.cpp has 400 or 500 for a prompt that is too long.
_BAD_KEY = re.compile(
    r"api[ _-]?key[ _](?:not[ _]valid|invalid|is invalid)|(?:invalid|incorrect|wrong)[ _](?:x-)?api[ _-]?key"
)
_NO_MODEL = re.compile(
    r"model[^{}]{0,120}(?:not[ _]found|not exist|not a valid|no longer available)|(?:invalid|unknown)[ _]model"
    r"|no models? (?:is |are )?(?:currently )?loaded|not a valid model|model_not_found"
    r"|deployment[^{}]{0,60}not[ _]?(?:found|exist)"
)
_TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context length|(?:exceeds?|exceeded)[^{}]{0,60}context"
    r"|context (?:size|length|window)[^{}]{0,60}exceed|prompt is too long|context length of only"
)


def _fault_of_all(error: Any, endpoint: Endpoint, chosen_by: str) -> AttemptError | None:
    """A fault that every request would meet, told from the body of the error; `None` for another one."""
    status, body, host = int(error.status_code), error_body(error).lower(), endpoint.host
    if status < 400:
        return None
    if status in (400, 401, 403) and _BAD_KEY.search(body):
        return AttemptError(
            f"{host} refuses the key ({status})", remedy=f"check {endpoint.key_variable} and what it may be used for"
        )
    if _TOO_LONG.search(body):
        return AttemptError(
            f"what is asked is longer than the context of the model at {host} ({status})",
            remedy="give the model a longer context at its server, or ask for less at a time: --judge-call point",
        )
    if (status == 404 and "model" in body) or (status in (400, 404, 422) and _NO_MODEL.search(body)):
        remedy = f"choose a model that the server has: {chosen_by}"
        return AttemptError(f"{host} has no such model ({status})", remedy=remedy)
    return None


def _connection_error(error: BaseException, endpoint: Endpoint) -> AttemptError:
    """The error for a request without a reply, by its cause."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    remedy = "start the server, or name its address: --judge-url, or 'url' in a judges file"
    if any(isinstance(cause, ReplyTooLargeError) for cause in causes):
        return AttemptError(f"the reply of {endpoint.host} is larger than {MAX_REPLY_BYTES >> 20} MB, or compressed")
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return AttemptError(f"nothing listens at {endpoint.base_url}", retryable=True, remedy=remedy)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return AttemptError(f"there is no host {endpoint.host}", retryable=True, remedy=remedy)
    return AttemptError("the line to the server was cut", retryable=True)


def error_body(error: Any) -> str:
    """The body of an error as text, to search for key words. Never shown, because it may contain the key."""
    with suppress(TypeError, ValueError):
        return json.dumps(error.body)[:5000]
    return ""


def _retry_after(headers: Any) -> float | None:
    """Seconds that the server asks to wait, from headers in milliseconds, in seconds or as a date.

    Source: RFC 9110, section 10.2.3.
    """
    with suppress(TypeError, ValueError):
        return max(0.0, float(headers.get("retry-after-ms")) / 1000)
    value = headers.get("retry-after")
    with suppress(TypeError, ValueError):
        return max(0.0, float(value))
    with suppress(TypeError, ValueError):
        from datetime import UTC, datetime

        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    return None
