"""Real repositories with imports between their files, and prompts as the server makes them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from learning_data import FILES, Make, MakeRepository, write_files
from seekline import fim
from seekline.learn.data.options import DataOptions
from seekline.learn.data.pipeline import make_data
from seekline.learn.data.report import Report
from seekline.server.cli.asking import FolderRepository, SettingsPrompter
from seekline.server.cli.effective import load_config
from seekline.server.cli.prompt import configured_prompts
from seekline.server.completion.prompt_config import PromptConfig
from seekline.server.settings.settings import Settings


@pytest.fixture
def make_repository(tmp_path: Path) -> MakeRepository:
    """A git repository with one commit, of a fixed time."""

    def make(name: str = "garden", files: Mapping[str, str | bytes] = FILES, *, above: str = "here") -> Path:
        if shutil.which("git") is None:
            pytest.skip("git is not installed")
        root = tmp_path / above / name
        write_files(root, files)
        times = {"GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000"}
        own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        for arguments in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "begun")):
            subprocess.run(["git", *identity, *arguments], cwd=root, env={**os.environ, **times, **own}, check=True)
        return root

    return make


@pytest.fixture
def prompts() -> PromptConfig:
    """The embedded model's, with other files and a suffix, as DeepSeek Coder's are."""
    embedded = configured_prompts(load_config(None, model="embedded"))
    return replace(embedded, other_files=True, suffix_limit_tokens=64, healing=False)


@pytest.fixture
def plain(prompts: PromptConfig) -> PromptConfig:
    """The prompts of a model that completes left to right only."""
    return replace(prompts, format=fim.all_formats()["plain"].with_begin("<｜begin▁of▁sentence｜>"))


@pytest.fixture
def make(tmp_path: Path, prompts: PromptConfig) -> Make:
    """Makes samples of folders in `out`."""

    def run(*roots: Path, out: Path, config: PromptConfig = prompts, progress=None, against=(), **choices) -> Report:
        repositories = [FolderRepository(root, Settings()) for root in roots]
        options = DataOptions(
            repositories=tuple(repository.name for repository in repositories),
            model="embedded",
            prompts="of the tests",
            against=tuple(path.name for path in against),
            **choices,
        )
        tell = progress or (lambda *_: None)
        return make_data(repositories, SettingsPrompter(config), options, against, out, tell)

    return run
