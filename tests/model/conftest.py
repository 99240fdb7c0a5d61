from pathlib import Path

import pytest
from tiny_models import save_llama


@pytest.fixture(scope="session")
def llama_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small random Llama, saved. Tests must not write to it."""
    return save_llama(tmp_path_factory.mktemp("llama"))
