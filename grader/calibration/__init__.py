"""People compared with each other and with the grader: agreement, severity, halo, drift, and what to do about them.

In: ratings, perhaps with grades of the same answers. Out: a `Calibration` with its sections (`calibrate`), or a model
of the marks that people give (`fit_marks`). `reports` shows both.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
