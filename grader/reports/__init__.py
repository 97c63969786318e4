"""Results as people read them: terminal, HTML page, JSON. Nothing here computes a score or a statistic.

In: grades, calibrations, evaluations. Out: text, markup and tables.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
