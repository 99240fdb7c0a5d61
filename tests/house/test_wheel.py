"""The wheel, installed with its own dependencies into an environment of its own, completes outside the repository."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from seekline.model import is_compiled

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints.txt"


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=280)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    probe = run(sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder / "probe", "tomli", cwd=folder)
    if probe.returncode:
        pytest.skip("no package index can be reached")
    built = run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_holds_what_it_needs_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "seekline/fim/languages.toml",
        "seekline/fim/prompt/formats.toml",
        "seekline/model/catalogue/catalogue.toml",
        "seekline/model/embedded/model.safetensors",
        "seekline/model/embedded/tokenizer.json",
        "seekline/model/embedded/MODEL_CARD.md",
        "seekline/learn/__main__.py",
        "seekline/server/cli/main.py",
        "seekline/server/py.typed",
    ):
        assert needed in names
    if is_compiled():
        assert any(name.startswith("seekline/model/backends/llama/native/_kernels.") for name in names)
        assert "-py3-none-" in wheel.name, "for every Python on this system"
    assert {name.split("/")[0].split("-")[0] for name in names} == {"seekline"}
    assert "seekline/__init__.py" not in names, "a namespace, which other distributions may share"
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert any(name.endswith("NOTICE.md") for name in names)


def test_the_wheel_completes_in_a_clean_environment(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    scripts = environment / ("Scripts" if sys.platform == "win32" else "bin")
    python = scripts / "python"
    installed = run(python, "-m", "pip", "install", "--quiet", "--no-compile", "-c", CONSTRAINTS, wheel, cwd=tmp_path)
    assert installed.returncode == 0, installed.stderr
    checked = run(python, "-m", "pip", "check", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
    (tmp_path / "model").mkdir()  # a user's own folder of that name shadows nothing
    (tmp_path / "model" / "__init__.py").write_text("raise SystemExit('shadowed')", "utf-8")
    (tmp_path / "main.py").write_text("def add(a, b):\n    return \n", "utf-8")
    completed = run(scripts / "seekline", "complete", "main.py:2:12", "--json", cwd=tmp_path)
    assert completed.returncode == 0, completed.stderr
    answer = json.loads(completed.stdout)
    assert answer["model"] == "embedded"
    assert answer["new_tokens"] > 0
