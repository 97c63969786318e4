"""Mathematics on arrays of scores: agreement, reliability, variance components, intervals, resampling.

In: numpy arrays of scores. Out: numbers, or an `Estimate` with its interval. Every function names its source.
Nothing here reads files or knows what a rater or an answer is called.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
