"""Requests to an OpenAI-compatible server: endpoint, retries, rate limits, budget, prices, cache of replies.

In: a request. Out: a reply, or an error with its reason. `judges` and `encoders` build the requests.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
