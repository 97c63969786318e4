"""Question banks and rubrics: imported, derived from reference answers, linted, saved without losing edits.

In: pages, banks, rubric files. Out: `QuestionBank` and `Rubric` objects, and findings about them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
