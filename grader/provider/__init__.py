"""One OpenAI-compatible server: where it is, requests with retries, limits, budget, prices, replies kept.

In: a request. Out: a reply, or a fault with its reason. What is asked is for `judges` and `encoders` to know.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
