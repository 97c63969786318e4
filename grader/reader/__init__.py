"""Whether a statement contradicts a point: a small trained cross-encoder and its weights.

In: pairs of point and statement. Out: a probability for each pair.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
