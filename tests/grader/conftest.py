"""What several tests of the grader share."""

from pathlib import Path

import pytest

from grader.hidden_split import build_hidden


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small hidden split, of public notes."""
    folder = tmp_path_factory.mktemp("hidden") / "h"
    build_hidden(["demo"], folder, n_notes=88, progress=False)
    return folder
