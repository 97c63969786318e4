"""What the tests share: the real packaged encoder, loaded once, and the project's own data."""

from pathlib import Path

import pytest

from grader.encoders.protocol import Encoder
from grader.encoders.registry import load_encoder
from grader.settings import Settings

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return load_encoder(Settings().encoder)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT
