"""Every test has progress of its own."""

import pytest

from utils.lessons import store


@pytest.fixture(autouse=True)
def progress_folder(tmp_path, monkeypatch):
    folder = tmp_path / "progress"
    monkeypatch.setenv(store.FOLDER_VARIABLE, str(folder))
    monkeypatch.setattr(store, "_memory", {})
    return folder
