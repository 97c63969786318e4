"""An OpenAI-compatible server: where it is, the key for it, and what its refusals mean.

Judges and embeddings ask through it. It knows nothing of what is asked.
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
# Statuses after which the same request may succeed: time-out, conflict, too early, too many, and faults of the server.
_RETRYABLE = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
# Statuses by which a server says that it does not know a part of the request.
_NOT_UNDERSTOOD = frozenset({400, 404, 415, 422, 501})
# By these codes servers refuse a request for what the answer says.
_FILTERED = ("content_filter", "content_policy_violation")
REFUSAL_REASON = "the judge refused to judge this answer"


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


def find_endpoint(
    base_url: str | None = None, *, needs_key: bool = True, label: str = "the judge's server"
) -> Endpoint:
    """The server and its key: the address as given or from the environment, the key from the environment alone.

    Args:
        base_url: of the server, if it does not come from the environment.
        needs_key: whether something will be sent; then a server elsewhere must have a key.
        label: what errors call the server.

    Raises:
        InputError: the address is none, holds a password, or goes over an open line to another machine.
        SetupError: there is no key for a server that is not on this machine, or one that no request can carry.

    """
    url = server_address(base_url)
    parts = _parts(url)
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


def _parts(url: str) -> SplitResult | None:
    with suppress(ValueError):  # brackets that hold no IPv6 address
        return urlsplit(url)
    return None


def server_address(base_url: str | None = None) -> str:
    """The address as given, else from the environment, else OpenAI's; nothing is checked."""
    return base_url or os.environ.get(URL_VARIABLE) or DEFAULT_URL


def _without_login(url: str) -> str:
    return re.sub(r"^(\w+://)?.*@", r"\1", url)


def open_client(endpoint: Endpoint, timeout: float, http_client: Any = None) -> "OpenAI":
    """An openai client; its own retries are off, for every try is counted and limited by `RequestScheduler`.

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
def map_client_errors(endpoint: Endpoint, timeout: float, *, chosen_by: str = "--judge") -> Iterator[None]:
    """Tell faults of a server and of the line to it as `AttemptError`, without anything that the server said.

    Args:
        endpoint: where the server is.
        timeout: that the client was opened with.
        chosen_by: the option that names the model, for the way out.

    """
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        raise _refused(error, endpoint, chosen_by) from None
    except openai.APITimeoutError:
        raise AttemptError(f"no reply within {timeout:g} s", retryable=True) from None
    except (openai.APIConnectionError, openai.APIResponseValidationError):
        raise AttemptError("the line to the server was cut", retryable=True) from None
    except (ValueError, RecursionError):  # a body that is no JSON
        raise AttemptError("the server's reply is no JSON", retryable=True) from None


def token_count(usage: Any, name: str, otherwise: int) -> int:
    """A number of tokens that a reply may say, in whatever form; `otherwise` where it does not."""
    value = getattr(usage, name, None)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else otherwise


def rejects_request_format(error: Any) -> bool:
    """Whether the server does not know a part of the request; llama-cpp-python says so with a 500."""
    said = error_body(error).lower()
    if error.code in _FILTERED:
        return False
    if error.status_code == 404:
        return "model" not in said
    return error.status_code in _NOT_UNDERSTOOD or (error.status_code == 500 and "response_format" in said)


def _refused(error: Any, endpoint: Endpoint, chosen_by: str) -> AttemptError:
    """What a status other than 200 means: for this request, or for all of them."""
    status = int(error.status_code)
    if error.code in _FILTERED:
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
