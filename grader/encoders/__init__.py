"""Texts -> token vectors: the `Encoder` protocol, its implementations, compiled models, a cache of vectors.

In: texts. Out: `TokenVectors`, one for each text. `load_encoder(name)` chooses the implementation.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
