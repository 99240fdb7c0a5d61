"""The wheel, installed with its own dependencies into an environment of its own, completes outside the repository.

On Linux it is the one that `make wheels` makes for this processor, and the one for the other is looked into.
"""

from __future__ import annotations

import io
import json
import platform
import re
import subprocess
import sys
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONSTRAINTS = ROOT / "constraints.txt"
MACHINE = platform.machine()
# By machine: the libraries, and the machine as a file of ELF names it.
LIBRARIES = {"x86_64": ({"_kernels", "_kernels_wide"}, "EM_X86_64"), "aarch64": ({"_kernels"}, "EM_AARCH64")}
LLAMA = {"seekline_forward", "seekline_product", "seekline_sizes"}
COPYING = {"copy_cut", "copy_find", "copy_hash", "copy_learn", "copy_normalize", "copy_sizes", "copy_sort"}
EXPORTED = {"seekline_sources", "seekline_supported"} | LLAMA | COPYING
pytestmark = pytest.mark.timeout(900)  # a busy machine compiles and installs for minutes
NATIVE = "seekline/model/native"
GLIBC_MINOR = 17
"""Of the C library, version 2, that the wheels' names promise to be enough."""


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=800)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheels are built."""
    folder = tmp_path_factory.mktemp("wheel")
    probe = run(sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder / "probe", "ziglang", cwd=folder)
    if probe.returncode:
        pytest.skip("no package index can be reached, or it has no Zig")
    return folder


def build(folder: Path, machine: str | None) -> Path:
    """The wheel for Linux on a machine; for this system where it is None."""
    platform_name = f"--config-setting=--build-option=--plat-name=manylinux_2_{GLIBC_MINOR}_{machine}"
    options = [platform_name] if machine else []
    out = folder / (machine or "here")
    built = run(sys.executable, "-m", "build", "--wheel", "--outdir", out, *options, ROOT, cwd=folder)
    assert built.returncode == 0, built.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def wheel(folder: Path) -> Path:
    return build(folder, MACHINE if sys.platform == "linux" and MACHINE in LIBRARIES else None)


@pytest.fixture(scope="module")
def foreign_wheel(folder: Path) -> Path:
    return build(folder, "x86_64" if MACHINE == "aarch64" else "aarch64")


def test_the_wheel_holds_what_it_needs_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "seekline/fim/languages.toml",
        "seekline/fim/prompt/formats.toml",
        "seekline/model/catalogue/catalogue.toml",
        "seekline/model/embedded/model.safetensors",
        "seekline/model/embedded/tokenizer.json",
        "seekline/model/embedded/MODEL_CARD.md",
        f"{NATIVE}/forward.c",
        f"{NATIVE}/kernels.h",
        "seekline/learn/__main__.py",
        "seekline/server/cli/main.py",
        "seekline/server/py.typed",
    ):
        assert needed in names
    assert "-py3-none-" in wheel.name, "for every Python on this system"
    assert any(name.startswith(f"{NATIVE}/_kernels.") for name in names) == ("-any.whl" not in wheel.name)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"seekline"}
    assert "seekline/__init__.py" not in names, "a namespace, which other distributions may share"
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert any(name.endswith("NOTICE.md") for name in names)


@pytest.mark.skipif(sys.platform != "linux", reason="these wheels are Linux's")
@pytest.mark.skipif(find_spec("auditwheel") is None, reason="auditwheel is not installed")
@pytest.mark.parametrize("which", ["wheel", "foreign_wheel"])
def test_a_wheel_of_linux_is_what_its_name_says(which: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Compiled for that processor, in need of no newer C library, and with all that is called."""
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    path: Path = request.getfixturevalue(which)
    shown = run(sys.executable, "-m", "auditwheel", "show", path, cwd=tmp_path).stdout
    assert "requires no external shared libraries" in shown
    least = re.search(r'following platform tag:\s+"manylinux_2_(\d+)_', shown)
    assert least is not None, shown
    assert int(least[1]) <= GLIBC_MINOR
    machine = path.stem.partition(f"manylinux_2_{GLIBC_MINOR}_")[2]
    names, elf_machine = LIBRARIES[machine]
    wheel = zipfile.ZipFile(path)
    libraries = [name for name in wheel.namelist() if name.endswith(".so")]
    assert {Path(name).stem for name in libraries} == names
    for name in libraries:
        elf = ELFFile(io.BytesIO(wheel.read(name)))
        assert elf["e_machine"] == elf_machine
        symbols = elf.get_section_by_name(".dynsym")
        assert isinstance(symbols, SymbolTableSection)
        assert {one.name for one in symbols.iter_symbols() if one["st_shndx"] != "SHN_UNDEF"} >= EXPORTED


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
    if not wheel.name.endswith("-any.whl"):
        asked = run(python, "-c", "from seekline.model import why_not_compiled as why; print(why())", cwd=tmp_path)
        assert asked.stdout.strip() == "None" or "does not run on this processor" in asked.stdout
