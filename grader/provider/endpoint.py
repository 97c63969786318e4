"""An OpenAI-compatible server: its address and key, a client for it, and the meaning of its error responses.

Judges and remote encoders use it. It does not depend on the content of requests.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from grader.errors import InputError, SetupError
from grader.provider.budget import TokenUsage
from grader.provider.errors import AttemptError

if TYPE_CHECKING:
    from openai import OpenAI

DEFAULT_URL = "https://api.openai.com/v1"
KEY_VARIABLE = "OPENAI_API_KEY"
URL_VARIABLE = "OPENAI_BASE_URL"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Statuses after which the same request may succeed: timeout, conflict, too early, too many requests, server errors.
_RETRYABLE = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
# Statuses of a server that does not support a part of the request.
_UNSUPPORTED = frozenset({400, 404, 415, 422, 501})
# Error codes of servers that refuse a request because of the content of the answer.
_CONTENT_FILTER_CODES = ("content_filter", "content_policy_violation")
REFUSAL_REASON = "the judge refused to judge this answer"


class Endpoint(NamedTuple):
    """The address of a server and its key, which is never shown."""

    base_url: str
    key: str

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


def find_endpoint(
    base_url: str | None = None, *, needs_key: bool = True, label: str = "the judge's server"
) -> Endpoint:
    """The server and its key. The address is given or from the environment; the key is always from the environment.

    Args:
        base_url: the address; from the environment if left out.
        needs_key: whether requests will be sent, so that a server on another machine needs a key.
        label: the name of the server in errors.

    Raises:
        InputError: the address is not valid, has a password, or is an unencrypted one on another machine.
        SetupError: there is no key for a server on another machine, or the key has characters that are not allowed.

    """
    url = server_address(base_url)
    parts = _split_url(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"'{_without_login(url)}' is no address of a server: expected https://host/v1")
    if parts.username or parts.password:
        raise InputError(f"the address of {label} holds a password: put it into {KEY_VARIABLE} instead")
    key = os.environ.get(KEY_VARIABLE, "").strip()
    endpoint = Endpoint(url.rstrip("/"), key or "none")
    if not endpoint.is_local and parts.scheme != "https":
        raise InputError(f"'{_without_login(url)}' would send answers over an open line: use https://")
    if needs_key and not key and not endpoint.is_local:
        raise SetupError(f"there is no key for {endpoint.host}; set it in the environment: export {KEY_VARIABLE}=...")
    if needs_key and re.search(r"[^!-~]", key):
        raise SetupError(f"the key holds characters that no key has; set it anew: export {KEY_VARIABLE}=...")
    return endpoint


def _split_url(url: str) -> SplitResult | None:
    with suppress(ValueError):  # brackets without an IPv6 address
        return urlsplit(url)
    return None


def server_address(base_url: str | None = None) -> str:
    """The given address, else the one from the environment, else OpenAI's; it is not checked."""
    return base_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL


def _without_login(url: str) -> str:
    return re.sub(r"^(\w+://)?.*@", r"\1", url)


def open_client(endpoint: Endpoint, timeout: float, http_client: Any = None) -> "OpenAI":
    """Make an openai client without retries of its own, because `RequestScheduler` counts and limits every attempt.

    Args:
        endpoint: the server.
        timeout: limit on one request, in seconds.
        http_client: HTTP client to use; the openai client's own if left out.

    """
    from openai import OpenAI

    return OpenAI(
        api_key=endpoint.key, base_url=endpoint.base_url, max_retries=0, timeout=timeout, http_client=http_client
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
        yield
    except openai.APIStatusError as error:
        raise _status_error(error, endpoint, chosen_by) from None
    except openai.APITimeoutError:
        raise AttemptError(f"no reply within {timeout:g} s", retryable=True) from None
    except (openai.APIConnectionError, openai.APIResponseValidationError):
        raise AttemptError("the line to the server was cut", retryable=True) from None
    except (ValueError, RecursionError):  # the body is not JSON
        raise AttemptError("the server's reply is no JSON", retryable=True) from None


def token_count(usage: Any, name: str, otherwise: int) -> int:
    """The number of tokens under a name in the usage of a reply; `otherwise` if it is missing or not valid."""
    value = getattr(usage, name, None)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else otherwise


def rejects_request_format(error: Any) -> bool:
    """Whether the server does not support a part of the request; llama-cpp-python reports this with status 500."""
    body = error_body(error).lower()
    if error.code in _CONTENT_FILTER_CODES:
        return False
    if error.status_code == 404:
        return "model" not in body
    return error.status_code in _UNSUPPORTED or (error.status_code == 500 and "response_format" in body)


def _status_error(error: Any, endpoint: Endpoint, chosen_by: str) -> AttemptError:
    """The error for a status other than 200: about this request, or about all requests (with a remedy)."""
    status = int(error.status_code)
    if error.code in _CONTENT_FILTER_CODES:
        return AttemptError(REFUSAL_REASON, kind="refused", usage=TokenUsage(0, 0))
    if status in (401, 403):
        return AttemptError(
            f"{endpoint.host} refuses the key ({status})", remedy=f"check {KEY_VARIABLE} and what it may be used for"
        )
    if status == 404:
        remedy = f"choose a model that the server has: {chosen_by}"
        return AttemptError(f"{endpoint.host} has no such model (404)", remedy=remedy)
    if status == 402 or "insufficient_quota" in error_body(error):
        return AttemptError(
            f"the account at {endpoint.host} has no quota left ({status})", remedy="add credit, then go on"
        )
    retryable = status in _RETRYABLE
    return AttemptError(
        f"the server answered {status}", retryable=retryable, retry_after=_retry_after(error.response.headers)
    )


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
