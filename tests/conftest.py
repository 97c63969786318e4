"""What the tests share: the real packaged encoder, loaded once, and the project's own data."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from grader.encoders.protocol import Encoder
from grader.encoders.registry import load_encoder
from grader.settings import Settings

ROOT = Path(__file__).parent.parent
# On a busy machine the time of an example says nothing about the program.
settings.register_profile("grader", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("grader")


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return load_encoder(Settings().encoder)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT
