"""The command line: one file a command, thin over the library; data to stdout, talk to stderr."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
