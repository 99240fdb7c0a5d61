"""Compiles the forward pass in C, model/backends/llama/native, once for each set of instructions.

All else is said in pyproject.toml, but for the list of packages.

The compiler is Zig's, a package like others, so that no machine needs one of its own. Where it is missing or fails,
Seekline is installed without this library and says so: it then computes with torch, which takes longer.
"""

import platform
import subprocess
import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

FOLDER = Path("model/backends/llama/native")
PACKAGE = "seekline.model.backends.llama.native"
FLAGS = ["-O3", "-shared", "-fPIC", "-s", "-fvisibility=hidden", "-ffp-contract=off", "-fno-math-errno"]
INSTRUCTIONS = {
    "x86_64": {"_kernels_wide": "x86_64_v4+avx512vnni", "_kernels": "x86_64_v3"},
    "aarch64": {"_kernels": "generic+dotprod"},
}
SYSTEMS = {"linux": "linux-gnu.2.17", "darwin": "macos.11.0", "win32": "windows-gnu"}
PLATFORM = sysconfig.get_platform()  # of the interpreter, which may be another than the machine's
NAME = platform.machine() if PLATFORM.endswith("universal2") else PLATFORM.rpartition("-")[2]
MACHINE = {"amd64": "x86_64", "arm64": "aarch64"}.get(NAME, NAME)


class Library(Extension):
    """A library that Python loads by ctypes, for processors with these instructions."""

    def __init__(self, name: str, instructions: str) -> None:
        sources = sorted(str(path) for path in FOLDER.glob("*.c"))
        super().__init__(f"{PACKAGE}.{name}", sources, depends=[str(FOLDER / "kernels.h")], optional=True)
        self.instructions = instructions


class BuildLibraries(build_ext):
    def get_ext_filename(self, fullname: str) -> str:
        suffix = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
        return str(Path(*fullname.split("."))) + suffix

    def build_extension(self, ext: Extension) -> None:
        assert isinstance(ext, Library)
        to = Path(self.get_ext_fullpath(ext.name))
        made = Path(self.build_temp).resolve() / to.name  # on Windows an import library comes to lie beside it
        made.parent.mkdir(parents=True, exist_ok=True)
        target = f"{MACHINE}-{SYSTEMS[sys.platform]}"
        command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, "-target", target, f"-mcpu={ext.instructions}"]
        try:
            subprocess.run([*command, *ext.sources, "-o", str(made)], check=True)
            to.parent.mkdir(parents=True, exist_ok=True)
            self.copy_file(str(made), str(to))
        except (OSError, subprocess.CalledProcessError) as error:
            self.warn(f"{to.name} was not compiled, so models on the CPU will take longer: {error}")


class Wheel(bdist_wheel):
    """Not tied to a version of Python, since the library knows none."""

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", PLATFORM.replace("-", "_").replace(".", "_")


TOP = ("fim", "learn", "model", "server")
known = INSTRUCTIONS.get(MACHINE, {}) if sys.platform in SYSTEMS else {}
setup(
    packages=[f"seekline.{name}" for top in TOP for name in (top, *(f"{top}.{below}" for below in find_packages(top)))],
    ext_modules=[Library(name, instructions) for name, instructions in known.items()],
    cmdclass={"build_ext": BuildLibraries, "bdist_wheel": Wheel},
)
