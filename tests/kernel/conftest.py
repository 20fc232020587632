from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernel.harness import LiveKernel


@pytest.fixture(scope="package")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKernel]:
    """One kernel for all tests of this folder: they leave it as they found it."""
    live = LiveKernel(tmp_path_factory.mktemp("kernel"))
    yield live
    live.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
