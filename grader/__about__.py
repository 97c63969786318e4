"""The version, and the name of the packaged model: the two facts that every floor may use."""

__version__ = "0.1.0"
PACKAGED_MODEL = "all-MiniLM-L6-v2"  # the encoder that comes with the package, and the default
