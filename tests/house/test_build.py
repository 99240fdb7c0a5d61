"""What setup.py makes of the C code with a compiler, with a broken one, and with none: no network is needed."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from seekline.model.native.library import find_library
from seekline.model.native.sources import sources_hash

ROOT = Path(__file__).parents[2]
NATIVE = "model/native"
CC = shutil.which("cc") or ""

pytestmark = [
    pytest.mark.timeout(900),  # a busy machine compiles for minutes
    pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins for compilers are shell scripts"),
    pytest.mark.skipif(find_spec("ziglang") is not None, reason="a real Zig is installed beside the tests"),
]

RECORDER = """#!{python}
import sys
from pathlib import Path
with open({log!r}, "a") as log:
    print(*sys.argv[1:], file=log)
Path(sys.argv[sys.argv.index("-o") + 1]).write_bytes(b"compiled")
"""


class Build:
    """A build of the wheel: what was said, and the wheel."""

    def __init__(self, said: str, wheel: Path | None) -> None:
        self.said = said
        self.name = wheel.name if wheel else ""
        self.files = zipfile.ZipFile(wheel).namelist() if wheel else []
        self.metadata = ""
        if wheel:
            (path,) = (name for name in self.files if name.endswith(".dist-info/WHEEL"))
            self.metadata = zipfile.ZipFile(wheel).read(path).decode()

    @property
    def libraries(self) -> list[str]:
        return [name for name in self.files if Path(name).name.startswith("_kernels")]


Builds = Callable[..., Build]


@pytest.fixture
def build(tmp_path: Path) -> Builds:
    """Builds a copy of the repository, without the weights, with an empty PATH and no index."""
    repository = tmp_path / "repository"
    ignored = shutil.ignore_patterns("__pycache__", "_kernels*", "*.safetensors")
    for name in ("fim", "learn", "model", "server"):
        shutil.copytree(ROOT / name, repository / name, ignore=ignored)
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, repository)
    (tmp_path / "path").mkdir()

    def run(*options: str, **variables: str) -> Build:
        out = tmp_path / "out"
        done = subprocess.run(
            [sys.executable, "setup.py", "bdist_wheel", "--dist-dir", str(out), *options],
            cwd=repository,
            env={**os.environ, "PATH": str(tmp_path / "path"), "PIP_NO_INDEX": "1", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=800,
        )
        wheels = list(out.glob("*.whl"))
        assert bool(wheels) == (done.returncode == 0), done.stdout
        return Build(done.stdout, wheels[0] if wheels else None)

    return run


def recording_compiler(path: Path) -> Path:
    """Compiles nothing, and notes what it is asked for in the file `log` beside its folder."""
    log = str(path.parents[1] / "log")
    path.write_text(RECORDER.format(python=sys.executable, log=log), "utf-8")
    path.chmod(0o755)
    return path


def zig_package(folder: Path, main: str) -> Path:
    """A folder for `PYTHONPATH` with a package `ziglang` that runs this."""
    (folder / "ziglang").mkdir(parents=True)
    (folder / "ziglang" / "__init__.py").touch()
    (folder / "ziglang" / "__main__.py").write_text(main, "utf-8")
    return folder


def zig_wheel(folder: Path, main: str) -> Path:
    """A folder of wheels, as `PIP_FIND_LINKS` takes it, with such a package."""
    folder.mkdir()
    with zipfile.ZipFile(folder / "ziglang-0.99-py3-none-any.whl", "w") as wheel:
        wheel.writestr("ziglang/__init__.py", "")
        wheel.writestr("ziglang/__main__.py", main)
        wheel.writestr("ziglang-0.99.dist-info/METADATA", "Metadata-Version: 2.1\nName: ziglang\nVersion: 0.99\n")
        wheel.writestr("ziglang-0.99.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("ziglang-0.99.dist-info/RECORD", "")
    return folder


def assert_without_c(build: Build) -> None:
    assert build.name.endswith("-py3-none-any.whl"), "it claims no platform"
    assert "Root-Is-Purelib: true" in build.metadata
    assert "Tag: py3-none-any" in build.metadata
    assert build.libraries == []
    assert "Seekline's C code was not compiled" in build.said
    assert "Install a C compiler, or the package ziglang" in build.said


def assert_with_c(build: Build) -> None:
    assert "-py3-none-" in build.name
    assert not build.name.endswith("-any.whl"), "it names its platform"
    assert "Root-Is-Purelib: false" in build.metadata
    assert any(Path(name).stem == "_kernels" for name in build.libraries)
    assert all(name.startswith(f"seekline/{NATIVE}/") for name in build.libraries)
    assert "was not compiled" not in build.said


def test_without_any_compiler_the_wheel_is_for_any_platform_and_says_so(build: Builds) -> None:
    assert_without_c(build())


def test_a_broken_zig_is_no_compiler(build: Builds, tmp_path: Path) -> None:
    broken = zig_package(tmp_path / "packages", "raise SystemExit('zig: broken')")
    found = build(PYTHONPATH=str(broken))
    assert_without_c(found)
    assert "zig: broken" in found.said


def test_a_broken_zig_of_an_index_is_no_compiler(build: Builds, tmp_path: Path) -> None:
    wheels = zig_wheel(tmp_path / "wheels", "raise SystemExit('zig: broken')")
    found = build(PIP_FIND_LINKS=str(wheels))
    assert_without_c(found)
    assert "zig: broken" in found.said


def test_beside_a_broken_zig_the_systems_compiler_is_taken(build: Builds, tmp_path: Path) -> None:
    broken = zig_package(tmp_path / "packages", "raise SystemExit('zig: broken')")
    recording_compiler(tmp_path / "path" / "cc")
    assert_with_c(build(PYTHONPATH=str(broken)))


def test_zig_is_fetched_where_the_index_has_it(build: Builds, tmp_path: Path) -> None:
    main = RECORDER.format(python="", log=str(tmp_path / "log")).partition("\n")[2]
    assert_with_c(build(PIP_FIND_LINKS=str(zig_wheel(tmp_path / "wheels", main))))
    assert "-mcpu=" in (tmp_path / "log").read_text("utf-8")


def test_what_asks_the_processor_is_compiled_for_every_processor(build: Builds, tmp_path: Path) -> None:
    (tmp_path / "ziggy").mkdir()  # whose compilers are not Zig's for that
    recorder = recording_compiler(tmp_path / "ziggy" / "recorder")
    assert_with_c(build(CC=str(recorder)))
    lines = (tmp_path / "log").read_text("utf-8").splitlines()
    asking = [line for line in lines if "support.c" in line]
    rest = [line for line in lines if "support.c" not in line]
    assert len(asking) == len(rest) > 0
    for line in asking:
        assert " -m" not in line, "no instructions but those of every processor"
        assert f"-DSOURCES_HASH={sources_hash(ROOT / NATIVE):#x}ULL" in line
    for line in rest:
        assert " -mavx2 " in line or " -march=" in line
        assert "forward.c" in line
        assert "products.c" in line


def test_nothing_of_an_earlier_build_comes_along(build: Builds, tmp_path: Path) -> None:
    recorder = recording_compiler(tmp_path / "path" / "recorder")
    assert_with_c(build(CC=str(recorder)))
    shutil.rmtree(tmp_path / "out")
    assert_without_c(build(CC="false"))


def test_a_wheel_for_other_machines_is_compiled_by_zig_or_not_made(build: Builds, tmp_path: Path) -> None:
    broken = zig_package(tmp_path / "packages", "raise SystemExit('zig: broken')")
    recording_compiler(tmp_path / "path" / "cc")
    found = build("--plat-name", "manylinux_2_17_aarch64", PYTHONPATH=str(broken))
    assert found.name == ""
    assert "Only Zig compiles for other machines" in found.said


def test_the_systems_compiler_compiles_the_code(build: Builds, tmp_path: Path) -> None:
    """The real one: all other tests only look how one is called."""
    if not CC:
        pytest.skip("there is no C compiler here")
    (tmp_path / "half.c").write_text("_Float16 half;", "utf-8")
    if subprocess.run([CC, "-c", str(tmp_path / "half.c"), "-o", str(tmp_path / "half.o")]).returncode:
        pytest.skip("the C compiler here has no numbers of 16 bits: gcc has them since version 12")
    found = build(CC=CC, PATH=os.environ["PATH"])
    assert_with_c(found)
    if find_library().library is None:
        return  # it may be for another processor
    with zipfile.ZipFile(tmp_path / "out" / found.name) as wheel:
        (name,) = (name for name in found.libraries if Path(name).stem == "_kernels")
        library = ctypes.CDLL(wheel.extract(name, tmp_path))
    library.seekline_sources.restype = ctypes.c_uint64
    assert library.seekline_supported()
    assert library.seekline_sources() == sources_hash(ROOT / NATIVE)
