"""People against each other and against the grader: strictness, agreement, halo, drift, what to do.

In: ratings. Out: a `Calibration` with its sections; and what marks teach (`fit_marks`). How it is shown is for
`reports`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
