"""What stands between the network and the pages: hosts, the token, origins, sizes, rates, and what a browser may do.

One ASGI middleware, so that nothing is served around it.
"""

import hmac
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_BODY = 2_000_000  # bytes; answers are far below
_RATE, _BURST = 50.0, 300.0  # requests a second from one address, and how many at once
_ADDRESSES = 10_000  # that are remembered
ACCESS_COOKIE = "grader_access"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass(frozen=True)
class Access:
    """Who may come in.

    Attributes:
        hosts: names, without a port, by which the server may be called.
        token: what browsers must bring once, in the address; `None` where only this machine can reach the server.
        keys: of the API; without any it is closed.

    """

    hosts: frozenset[str]
    token: str | None = None
    keys: tuple[str, ...] = field(default=(), repr=False)

    def allows_host(self, host: str) -> bool:
        """Whether a Host header names this server: another name that leads here is an attack (DNS rebinding).

        Where a token guards the server, addresses in figures are allowed: no name service can redirect them.
        """
        name = (urlsplit(f"//{host}").hostname or "") if host else ""
        if name in self.hosts:
            return True
        return self.token is not None and _is_address(name)

    def allows_key(self, given: str) -> bool:
        """Whether an `Authorization` header has one of the keys."""
        scheme, _, key = given.partition(" ")
        return scheme.lower() == "bearer" and any(_equal(key.strip(), known) for known in self.keys)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _equal(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), known.encode())


class Protection:
    """Middleware that answers what must not come through, and adds headers to everything else."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], access: Access) -> None:
        self.app = app
        self.access = access
        self._rates: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refused = self._refusal(scope, headers)
        if refused is not None:
            await _answer(send, *refused)
            return
        try:
            body: bytes | None = await _body(receive)
        except ValueError:
            await _answer(send, 413, f"the request is larger than {MAX_BODY:,} bytes")
            return

        async def again() -> Message:
            nonlocal body
            if body is None:
                return await receive()
            message: Message = {"type": "http.request", "body": body, "more_body": False}
            body = None
            return message

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((n.encode(), v.encode()) for n, v in _HEADERS.items() if n.encode() not in given),
                ]
            await send(message)

        await self.app(scope, again, guarded)

    def _refusal(
        self, scope: Scope, headers: dict[str, str]
    ) -> tuple[int, str, dict[str, str]] | tuple[int, str] | None:
        client = scope["client"][0] if scope.get("client") else ""
        if not self._in_rate(client):
            return 429, "too many requests: wait a second", {"retry-after": "1"}
        host = headers.get("host", "")
        if not self.access.allows_host(host):
            return 421, "this server does not go by that name: open the address that it printed"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY:
            return 413, f"the request is larger than {MAX_BODY:,} bytes"
        if scope["path"].startswith("/v1/"):  # keys, no cookies: other origins have nothing to use
            if not self.access.allows_key(headers.get("authorization", "")):
                return 401, "give a key: Authorization: Bearer KEY", {"www-authenticate": "Bearer"}
            return None
        if scope["method"] not in ("GET", "HEAD") and not _same_origin(headers, host):
            return 403, "this request comes from another page: nothing was changed"
        return self._entry(scope, headers)

    def _entry(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str, dict[str, str]] | tuple[int, str] | None:
        token = self.access.token
        if token is None or _equal(_cookie(headers, ACCESS_COOKIE), token):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if scope["method"] == "GET" and any(name == "token" and _equal(value, token) for name, value in query):
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            return (
                303,
                "",
                {
                    "location": scope["path"] + (f"?{rest}" if rest else ""),
                    "set-cookie": f"{ACCESS_COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/",
                },
            )
        return 401, "open the whole address that the server printed, with its token"

    def _in_rate(self, client: str) -> bool:
        """A bucket of tokens for each address."""
        moment = time.monotonic()
        left, before = self._rates.pop(client, (_BURST, moment))
        left = min(_BURST, left + (moment - before) * _RATE)
        self._rates[client] = (left - 1 if left >= 1 else left, moment)
        while len(self._rates) > _ADDRESSES:
            self._rates.popitem(last=False)
        return left >= 1


def _same_origin(headers: dict[str, str], host: str) -> bool:
    """Whether a page of this server sent a request; browsers say so in one of two headers, and a page cannot lie."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if site not in (None, "same-origin") or (origin is None and site is None):
        return False
    return origin is None or urlsplit(origin).netloc == host


def _cookie(headers: dict[str, str], name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


async def _body(receive: Receive) -> bytes:
    """The whole body; a `ValueError` where it is too large, whatever its length was said to be."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY:
            raise ValueError
        if not message.get("more_body"):
            return b"".join(parts)


async def _answer(send: Send, status: int, text: str, more: dict[str, str] | None = None) -> None:
    headers = {"content-type": "text/plain; charset=utf-8", "connection": "close", **_HEADERS, **(more or {})}
    body = f"{text}\n".encode()
    headers["content-length"] = str(len(body))
    listed = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": listed})
    await send({"type": "http.response.body", "body": body})
