"""Texts -> one vector each, from the embeddings endpoint of an OpenAI-compatible server; each text is paid for once.

Requests are sent in batches; replies are checked and cached. `remote` makes token vectors of them.
"""

import base64
import binascii
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.__about__ import PACKAGED_MODEL
from grader.errors import SetupError
from grader.provider import (
    FREE,
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
    find_endpoint,
    map_client_errors,
    open_client,
    rejects_request_format,
    server_address,
    token_count,
)

if TYPE_CHECKING:
    from openai import OpenAI

Floats = NDArray[np.float32]

# Texts and estimated tokens per request. OpenAI accepts 2,048 and 300,000; local servers read a batch at once.
BATCH_TEXTS = 128
_BATCH_TOKENS = 8192
_PAYLOAD_TOO_LARGE = 413  # HTTP status of some servers for a batch that is too large
# Vectors are cached in half precision: an error of 5e-4 of each component moves a cosine by less than 1e-4.
_CACHE_DTYPE = np.dtype("<f2")
_WIRE_DTYPE = np.dtype("<f4")
_SERVER_LABEL = "the encoder's server"


class _Reply(NamedTuple):
    """The vectors of one request, shape `(n_texts, dim)`, and the tokens that it used."""

    vectors: Floats
    input_tokens: int
    output_tokens: int = 0


class _Refusal(NamedTuple):
    """The server does not accept this form of request; `message` is its reply, from which the cause is guessed."""

    status: int
    message: str


class _RequestForm(NamedTuple):
    """The form of requests that the server accepts, as found out in this run."""

    batch: int = BATCH_TEXTS
    encoding: str = "base64"  # a quarter of the size of decimal numbers, which servers without base64 send


class Embeddings:
    """Text vectors from a model behind an endpoint.

    Nothing heavy is imported before the first request. Cached vectors need no key.

    Args:
        model: its name on the server.
        base_url: address of the server; from the environment if left out.
        scheduler: limits, retries and totals, shared with the judges of a run.
        cache: for the vectors; in memory if left out.
        price: per million tokens.
        timeout: of a request, in seconds.
        http_client: HTTP client for the openai client; its own if left out.

    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        scheduler: RequestScheduler | None = None,
        cache: ReplyCache | None = None,
        price: Price = FREE,
        timeout: float = 60.0,
        http_client: Any = None,
    ) -> None:
        self.model = model
        self.address = server_address(base_url).rstrip("/")
        self._scheduler = scheduler or RequestScheduler()
        self._cache = cache or ReplyCache(":memory:")
        self._price = price
        self._timeout = timeout
        self._http_client = http_client
        self._form = _RequestForm()
        self._dim: int | None = None
        self._lock = threading.Lock()

    @property
    def leaves(self) -> str:
        """What is sent to another machine, and to which, in one line; empty for a server on this machine."""
        endpoint = find_endpoint(self.address, needs_key=False, label=_SERVER_LABEL)
        if endpoint.is_local:
            return ""
        return f"goes to {endpoint.host}: the words and sentences of questions, references, points and answers; no ids"

    def vectors(self, texts: Sequence[str]) -> Floats:
        """The vector of each text, unit length, in the order given, shape `(n_texts, dim)`.

        Args:
            texts: none of them blank, because servers refuse blank texts.

        Raises:
            InputError: the server's address is invalid.
            SetupError: there is no key, or the server gave no usable vectors. Vectors received before are in the cache.

        """
        keys = {text: content_key("embedding", self.address, self.model, text) for text in dict.fromkeys(texts)}
        known = {key: _unpacked(value) for key, value in self._cache.get(list(keys.values())).items()}
        new = [text for text, key in keys.items() if key not in known]
        for asked, vectors in self._fetch(new):
            known.update((keys[text], vector) for text, vector in zip(asked, vectors, strict=True))
        self._check_dimensions(known.values())
        if not texts:
            return np.zeros((0, self._dim or 0), np.float32)
        found = np.stack([known[keys[text]] for text in texts])
        normed: Floats = found / np.linalg.norm(found, axis=1, keepdims=True)
        return normed

    def _fetch(self, texts: Sequence[str]) -> Iterator[tuple[list[str], Floats]]:
        """Request the vectors of texts; yields each batch when it has arrived and is cached."""
        batches = list(_batches(texts))
        if not batches:
            return
        with ThreadPoolExecutor(self._scheduler.policy.concurrency, thread_name_prefix="embed") as pool:
            # The first batch is sent alone, to find out whether the server responds and which form it accepts.
            yield batches[0], self._fetch_and_cache(batches[0])
            jobs = {pool.submit(self._fetch_and_cache, batch): batch for batch in batches[1:]}
            try:
                for job in as_completed(jobs):
                    yield jobs[job], job.result()
            except KeyboardInterrupt:
                self._scheduler.stop()
                raise
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _fetch_and_cache(self, texts: list[str]) -> Floats:
        """Request the vectors of one batch and cache them."""
        vectors = self._fetch_batch(texts).astype(_CACHE_DTYPE)
        self._cache.put(
            {
                content_key("embedding", self.address, self.model, text): _packed(vector)
                for text, vector in zip(texts, vectors, strict=True)
            }
        )
        return vectors.astype(np.float32)

    def _fetch_batch(self, texts: Sequence[str]) -> Floats:
        """Request the vectors of one batch, in several requests if the server accepts only smaller ones."""
        found: list[Floats] = []
        at = 0
        while at < len(texts):
            form = self._form
            some = texts[at : at + form.batch]
            reply = self._request(some, form)
            if isinstance(reply, _Reply):
                found.append(reply.vectors)
                at += len(some)
            else:
                self._adapt_form(reply, form, len(some))
        self._check_dimensions([vectors[0] for vectors in found])
        return np.concatenate(found)

    def _request(self, texts: Sequence[str], form: _RequestForm) -> _Reply | _Refusal:
        estimate = TokenUsage(sum(map(estimated_tokens, texts)), 0)
        body: dict[str, Any] = {"model": self.model, "input": list(texts), "encoding_format": form.encoding}

        def send() -> _Reply | _Refusal:
            import openai

            with map_client_errors(self._endpoint, self._timeout, chosen_by="--encoder openai:MODEL"):
                try:
                    reply = self._client.embeddings.create(**body)
                except openai.APIStatusError as error:
                    if error.status_code == _PAYLOAD_TOO_LARGE or rejects_request_format(error):
                        return _Refusal(error.status_code, error_body(error))
                    raise
            return read_vectors(reply, len(texts), estimate.input_tokens)

        try:
            return self._scheduler.run(send, estimate, self._price)
        except RequestError as ended:
            raise self._error(ended.reason) from None

    def _adapt_form(self, refusal: _Refusal, form: _RequestForm, n_texts: int) -> None:
        """After a refusal, send later requests as decimal numbers or in smaller batches.

        Raises:
            SetupError: no other form is left.

        """
        message = refusal.message.lower()
        if form.encoding == "base64" and ("encoding" in message or "base64" in message or n_texts == 1):
            simpler = form._replace(encoding="float")
        elif n_texts > 1:
            simpler = form._replace(batch=n_texts // 2)
        else:
            raise self._error(f"the server refuses the request ({refusal.status})")
        with self._lock:
            self._form = _RequestForm(min(simpler.batch, self._form.batch), simpler.encoding)

    def _check_dimensions(self, vectors: Any) -> None:
        """Check that all vectors have one length; otherwise the cache or the server mixes models up."""
        for vector in vectors:
            with self._lock:
                self._dim = self._dim or len(vector)
            if len(vector) != self._dim:
                raise self._error(f"it gave vectors of {self._dim} and of {len(vector)} numbers")

    def _error(self, reason: str) -> SetupError:
        return SetupError(
            f"the encoder 'openai:{self.model}' at {self._endpoint.host} gave no usable vectors: {reason}; "
            "what it gave is in the cache, so run the same again to go on, or leave --encoder out to use the packaged "
            f"{PACKAGED_MODEL}"
        )

    @cached_property
    def _endpoint(self) -> Endpoint:
        return find_endpoint(self.address, label=_SERVER_LABEL)

    @cached_property
    def _client(self) -> "OpenAI":
        return open_client(self._endpoint, timeout=self._timeout, http_client=self._http_client)


def estimated_tokens(text: str) -> int:
    """An estimate of the tokens of a text, more likely too high than too low."""
    return 1 + estimate_tokens(text)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in order, in batches limited by number and by tokens."""
    batch: list[str] = []
    size = 0
    for text in texts:
        tokens = estimated_tokens(text)
        if batch and (len(batch) == BATCH_TEXTS or size + tokens > _BATCH_TOKENS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += tokens
    if batch:
        yield batch


def read_vectors(reply: Any, n_texts: int, input_tokens: int) -> _Reply:
    """The vectors of a reply, in the order of the texts. Any part of a reply may be missing or malformed.

    Args:
        reply: parsed by the client.
        n_texts: number of vectors expected.
        input_tokens: assumed if the server does not report them.

    Raises:
        AttemptError: their number is wrong, or they are no vectors; the request may be sent again.

    """
    items = getattr(reply, "data", None)
    if not isinstance(items, list) or len(items) != n_texts:
        found = len(items) if isinstance(items, list) else "no"
        raise AttemptError(f"the server's reply holds {found} vectors for {n_texts} texts", retryable=True)
    given = [getattr(item, "index", None) for item in items]
    indices = [index if isinstance(index, int) else None for index in given]
    of_text = dict(zip(range(n_texts) if indices == [None] * n_texts else indices, items, strict=True))
    if of_text.keys() != set(range(n_texts)):
        raise AttemptError("the server's reply does not say which vector belongs to which text", retryable=True)
    vectors = [_read_vector(getattr(of_text[at], "embedding", None)) for at in range(n_texts)]
    lengths = {len(vector) for vector in vectors}
    if len(lengths) > 1:
        raise AttemptError(
            f"the server's reply holds vectors of {min(lengths)} and of {max(lengths)} numbers", retryable=True
        )
    return _Reply(np.stack(vectors), token_count(getattr(reply, "usage", None), "prompt_tokens", input_tokens))


def _read_vector(written: Any) -> Floats:
    """One vector, scaled to unit length, from numbers or from base64 of 4-byte floats."""
    try:
        if isinstance(written, str):
            vector = np.frombuffer(base64.b64decode(written, validate=True), _WIRE_DTYPE).astype(np.float64)
        else:
            vector = np.asarray(written, np.float64).reshape(len(written))
    except (TypeError, ValueError, binascii.Error):
        raise AttemptError("the server's reply holds something else than vectors", retryable=True) from None
    length = float(np.linalg.norm(vector))
    if not np.isfinite(vector).all() or not 0 < length < np.inf:
        raise AttemptError(
            "the server's reply holds a vector without a direction (NaN, infinite or all 0)", retryable=True
        )
    return (vector / length).astype(np.float32)


def _packed(vector: NDArray[np.float16]) -> str:
    return base64.b64encode(vector.tobytes()).decode("ascii")


def _unpacked(value: Any) -> Floats:
    return np.frombuffer(base64.b64decode(value), _CACHE_DTYPE).astype(np.float32)
