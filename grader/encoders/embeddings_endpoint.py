"""Texts -> one vector each, from the embeddings endpoint of an OpenAI-compatible server; each text is paid for once.

It asks in batches, checks what comes back and keeps it. What the texts are and what the vectors mean is for others.
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

# Texts and estimated tokens of one request. OpenAI takes 2,048 and 300,000; servers of one's own read a batch at once.
BATCH_TEXTS = 128
_BATCH_TOKENS = 8192
_TOO_MUCH = 413  # by which some servers refuse a batch that is too large
# Vectors are kept in half precision: an error of 5e-4 of each component moves a cosine by less than 1e-4.
_KEPT = np.dtype("<f2")
_SENT = np.dtype("<f4")
_SERVER_LABEL = "the encoder's server"


class _Reply(NamedTuple):
    """The vectors of one request, `(n_texts, dim)`, and what they took."""

    vectors: Floats
    input_tokens: int
    output_tokens: int = 0


class _NotTaken(NamedTuple):
    """The server does not take a request in this form; `said` is its message, for finding out why."""

    status: int
    said: str


class _Way(NamedTuple):
    """How a server is asked: as it takes it, found out in this run."""

    batch: int = BATCH_TEXTS
    encoding: str = "base64"  # a quarter of the numbers written out; servers that do not know it send numbers


class Embeddings:
    """The vectors that a model behind an endpoint gives to texts.

    Until the first request nothing heavy is imported, and no key is needed: what is in the cache can be read without.

    Args:
        model: as the server calls it.
        base_url: where the server is; from the environment if left out.
        scheduler: limits, retries and totals, shared with the judges of a run.
        cache: keeps the vectors; in memory if left out.
        price: of a million tokens.
        timeout: seconds that a request may take.
        http_client: what the openai client sends requests with; its own if left out.

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
        self._way = _Way()
        self._dim: int | None = None
        self._lock = threading.Lock()

    @property
    def leaves(self) -> str:
        """What leaves this machine and where to, in one line; nothing for a server on this machine."""
        endpoint = find_endpoint(self.address, needs_key=False, label=_SERVER_LABEL)
        if endpoint.is_local:
            return ""
        return f"goes to {endpoint.host}: the words and sentences of questions, references, points and answers; no ids"

    def vectors(self, texts: Sequence[str]) -> Floats:
        """The vector of each text, unit length, in the order given, shape `(n_texts, dim)`.

        Args:
            texts: none of them blank, for servers refuse these.

        Raises:
            InputError: the server's address is none.
            SetupError: there is no key, or the server gave no usable vectors; what it gave is in the cache.

        """
        keys = {text: content_key("embedding", self.address, self.model, text) for text in dict.fromkeys(texts)}
        known = {key: _unpacked(value) for key, value in self._cache.get(list(keys.values())).items()}
        new = [text for text, key in keys.items() if key not in known]
        for asked, vectors in self._asked(new):
            known.update((keys[text], vector) for text, vector in zip(asked, vectors, strict=True))
        self._check_lengths(known.values())
        if not texts:
            return np.zeros((0, self._dim or 0), np.float32)
        found = np.stack([known[keys[text]] for text in texts])
        normed: Floats = found / np.linalg.norm(found, axis=1, keepdims=True)
        return normed

    def _asked(self, texts: Sequence[str]) -> Iterator[tuple[list[str], Floats]]:
        """Vectors as they come in, each batch kept before the next is waited for."""
        batches = list(_batches(texts))
        if not batches:
            return
        with ThreadPoolExecutor(self._scheduler.policy.concurrency, thread_name_prefix="embed") as pool:
            # The first goes alone: it finds out what the server takes, and whether it is there at all.
            yield batches[0], self._kept(batches[0])
            jobs = {pool.submit(self._kept, batch): batch for batch in batches[1:]}
            try:
                for job in as_completed(jobs):
                    yield jobs[job], job.result()
            except KeyboardInterrupt:
                self._scheduler.stop()
                raise
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _kept(self, texts: list[str]) -> Floats:
        """The vectors of one batch, which are in the cache when this returns."""
        vectors = self._batch(texts).astype(_KEPT)
        self._cache.put(
            {
                content_key("embedding", self.address, self.model, text): _packed(vector)
                for text, vector in zip(texts, vectors, strict=True)
            }
        )
        return vectors.astype(np.float32)

    def _batch(self, texts: Sequence[str]) -> Floats:
        """One batch, in as many requests and in the form that the server takes."""
        found: list[Floats] = []
        at = 0
        while at < len(texts):
            way = self._way
            some = texts[at : at + way.batch]
            reply = self._request(some, way)
            if isinstance(reply, _Reply):
                found.append(reply.vectors)
                at += len(some)
            else:
                self._learn(reply, way, len(some))
        self._check_lengths([vectors[0] for vectors in found])
        return np.concatenate(found)

    def _request(self, texts: Sequence[str], way: _Way) -> _Reply | _NotTaken:
        estimate = TokenUsage(sum(map(estimated_tokens, texts)), 0)
        body: dict[str, Any] = {"model": self.model, "input": list(texts), "encoding_format": way.encoding}

        def send() -> _Reply | _NotTaken:
            import openai

            with map_client_errors(self._endpoint, self._timeout, chosen_by="--encoder openai:MODEL"):
                try:
                    reply = self._client.embeddings.create(**body)
                except openai.APIStatusError as error:
                    if error.status_code == _TOO_MUCH or rejects_request_format(error):
                        return _NotTaken(error.status_code, error_body(error))
                    raise
            return read_vectors(reply, len(texts), estimate.input_tokens)

        try:
            return self._scheduler.run(send, estimate, self._price)
        except RequestError as ended:
            raise self._failed(ended.reason) from None

    def _learn(self, refusal: _NotTaken, way: _Way, n_texts: int) -> None:
        """Ask with less from now on.

        Raises:
            SetupError: there is nothing less.

        """
        said = refusal.said.lower()
        if way.encoding == "base64" and ("encoding" in said or "base64" in said or n_texts == 1):
            less = way._replace(encoding="float")
        elif n_texts > 1:
            less = way._replace(batch=n_texts // 2)
        else:
            raise self._failed(f"the server refuses the request ({refusal.status})")
        with self._lock:
            self._way = _Way(min(less.batch, self._way.batch), less.encoding)

    def _check_lengths(self, vectors: Any) -> None:
        """All vectors of a model have one length, or a cache or a server mixes models up."""
        for vector in vectors:
            with self._lock:
                self._dim = self._dim or len(vector)
            if len(vector) != self._dim:
                raise self._failed(f"it gave vectors of {self._dim} and of {len(vector)} numbers")

    def _failed(self, reason: str) -> SetupError:
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
    """Tokens of a text, rather too many than too few."""
    return 1 + estimate_tokens(text)


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in order, in batches that end when they are full by number or by tokens."""
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
    """The vectors of a reply, in which any part may be missing or of another kind, in the order of the texts.

    Args:
        reply: what the client made of the body.
        n_texts: how many vectors were asked for.
        input_tokens: assumed where the server does not count.

    Raises:
        AttemptError: there are not so many, or they are no vectors; the same request may be sent again.

    """
    items = getattr(reply, "data", None)
    if not isinstance(items, list) or len(items) != n_texts:
        found = len(items) if isinstance(items, list) else "no"
        raise AttemptError(f"the server's reply holds {found} vectors for {n_texts} texts", retryable=True)
    said = [getattr(item, "index", None) for item in items]
    indices = [index if isinstance(index, int) else None for index in said]
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
    """One vector, unit length, from numbers or from base64 of 4-byte floats."""
    try:
        if isinstance(written, str):
            vector = np.frombuffer(base64.b64decode(written, validate=True), _SENT).astype(np.float64)
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
    return np.frombuffer(base64.b64decode(value), _KEPT).astype(np.float32)
