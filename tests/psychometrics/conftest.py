import os
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240601)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real data sets; without it the test is skipped and says so."""
    folder = os.environ.get("UROVEN_REAL_DATA")
    if not folder:
        pytest.skip("UROVEN_REAL_DATA is not set: the real data sets are not here")
    return Path(folder)
