"""Measurements whose figures stand in the docs, and the training of what is packaged.

Each is run from the repository's root: `python -m tests.benchmarks.<name>`; `make bench` runs most of them.
"""
