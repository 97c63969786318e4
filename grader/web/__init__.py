"""The local web page: practise, mark and rubrics in a browser, and an API, over the same calls as the command line.

In: a grader, answers and a file for the marks. Out: a running server. Pages show; what they show is computed elsewhere.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
