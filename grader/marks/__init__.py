"""What the marks of some answers teach about others: a score map and a Gaussian process for each question.

In: marked answers. Out: the mark that people would give others, with an interval. No file but its own, no grader.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
