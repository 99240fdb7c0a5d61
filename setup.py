"""Compiles the C code, model/native, once for each set of instructions.

All else is said in pyproject.toml, but for the list of packages.

No compiler is a build requirement: an index that lacks it would end the installation. `compilers` finds one, and where
none works, Seekline is installed without this library and says so: it then computes with torch, which takes longer.
Such a wheel is for any platform, and its name says so; one with the library names its platform.
"""

import os
import platform
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from setuptools import Extension, find_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

FOLDER = Path("model/native")
PACKAGE = "seekline.model.native"
SUPPORT = FOLDER / "support.c"  # asks the processor what it is: compiled for the baseline, so that asking never traps
SOURCES = sorted(str(path) for path in FOLDER.glob("*.c") if path != SUPPORT)
SOURCES_HASH = runpy.run_path(str(FOLDER / "sources.py"))["sources_hash"](FOLDER)
FLAGS = ["-O3", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off", "-fno-math-errno"]
LINK = ["-shared", "-s"]
X86_64_V3 = ["-mavx2", "-mbmi", "-mbmi2", "-mf16c", "-mfma", "-mlzcnt", "-mmovbe"]
X86_64_V4 = [*X86_64_V3, "-mavx512f", "-mavx512bw", "-mavx512cd", "-mavx512dq", "-mavx512vl"]
# By machine and library: the processor as Zig names it, and the same for other compilers. None: the baseline.
INSTRUCTIONS = {
    "x86_64": {
        None: ("x86_64", []),
        "_kernels_wide": ("x86_64_v4+avx512vnni", [*X86_64_V4, "-mavx512vnni"]),
        "_kernels": ("x86_64_v3", X86_64_V3),
    },
    "aarch64": {None: ("generic", []), "_kernels": ("generic+dotprod", ["-march=armv8.2-a+dotprod"])},
}
MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
# As Zig names them. On Linux beside the oldest C library, so that none of its functions is taken in a newer version.
OLDEST_GLIBC = {"x86_64": "2.5", "aarch64": "2.17"}
SYSTEMS = {"linux": "linux-gnu", "darwin": "macos.11.0", "win32": "windows-gnu"}
ZIG = "ziglang>=0.13"
NOT_COMPILED = "Seekline's C code was not compiled, so models on the CPU will take longer"
REMEDY = "Install a C compiler, or the package ziglang where pip finds it, then install Seekline again."


@dataclass(frozen=True)
class Target:
    """`is_other`: a Linux of any kind, and so not this machine's."""

    system: str
    machine: str
    is_other: bool

    @property
    def is_known(self) -> bool:
        return self.system in SYSTEMS and self.machine in INSTRUCTIONS


def target_of(platform_name: str) -> Target:
    """What is said by a name such as `linux-x86_64`, `macosx-11.0-arm64` or `manylinux_2_17_aarch64`."""
    is_other = platform_name.startswith("manylinux")
    if platform_name.endswith("universal2"):
        platform_name = platform.machine()
    found = [machine for name, machine in MACHINES.items() if platform_name.lower().endswith(name)]
    return Target("linux" if is_other else sys.platform, found[0] if found else "", is_other)


class Compiler:
    """A command that compiles C: Zig's, or one that takes gcc's options."""

    def __init__(self, *command: str, is_zig: bool = False) -> None:
        self.command, self.is_zig = command, is_zig

    def run(self, target: Target, library: str | None, *arguments: str) -> None:
        """Compiles for the processors of `library`. Raises OSError or subprocess.SubprocessError."""
        name, options = INSTRUCTIONS[target.machine][library]
        if self.is_zig:
            version = f".{OLDEST_GLIBC[target.machine]}" if target.system == "linux" else ""
            options = ["-target", f"{target.machine}-{SYSTEMS[target.system]}{version}", f"-mcpu={name}"]
        subprocess.run([*self.command, *FLAGS, *options, *arguments], check=True)


def compilers(target: Target, scratch: Path) -> Iterator[Compiler]:
    """Those to try, the best first: what CC names, or else Zig, then the system's own.

    Zig is a package like others, compiles for all machines, and its result runs on any Linux. Where it is missing, pip
    fetches it from the index that pip is configured with. That is done here and not by a build requirement, without
    which nothing would be installed.
    """
    if "CC" in os.environ and not target.is_other:
        words = shlex.split(os.environ["CC"], posix=os.name != "nt")
        yield Compiler(*words, is_zig=any(Path(word).stem in ("zig", "ziglang") for word in words))
        return
    if find_spec("ziglang") is not None:
        yield Compiler(sys.executable, "-m", "ziglang", "cc", is_zig=True)
    elif shutil.which("zig"):
        yield Compiler("zig", "cc", is_zig=True)
    else:
        python = python_with_zig(scratch)
        if python is not None:
            yield Compiler(python, "-I", "-m", "ziglang", "cc", is_zig=True)
    for name in () if target.is_other else ("cc", "clang", "gcc"):
        if shutil.which(name):
            yield Compiler(name)


def python_with_zig(folder: Path) -> str | None:
    """The interpreter of an environment that has Zig, made in `folder`; None where it cannot be had.

    -I: what builds a package hides other packages, and pip with them, by variables of the environment.
    """
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = ["-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=1", "--no-deps"]
    try:
        subprocess.run([sys.executable, "-I", "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), *pip, "--only-binary=:all:", ZIG], check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return str(python)


class Library(Extension):
    """A library that Python loads by ctypes, for processors with certain instructions."""

    def __init__(self, name: str) -> None:
        depends = sorted(str(path) for path in FOLDER.glob("*.h"))
        super().__init__(f"{PACKAGE}.{name}", [*SOURCES, str(SUPPORT)], depends=depends, optional=True)


class BuildLibraries(build_ext):
    is_compiled = False

    @cached_property
    def target(self) -> Target:
        return target_of(self.get_finalized_command("bdist_wheel").plat_name)

    def get_ext_filename(self, fullname: str) -> str:
        suffix = {"win32": ".dll", "darwin": ".dylib"}.get(self.target.system, ".so")
        return str(Path(*fullname.split("."))) + suffix

    def build_extensions(self) -> None:
        if not self.target.is_known:
            self.warn("Seekline has no C code for this platform, so models on the CPU will take longer.")
            return
        problems: list[str] = []
        with TemporaryDirectory() as scratch:
            for compiler in compilers(self.target, Path(scratch)):
                try:
                    self.compile(compiler)
                except (OSError, subprocess.SubprocessError) as error:
                    problems.append(f"{compiler.command[0]}: {error}")
                else:
                    self.is_compiled = True
                    return
        if self.target.is_other:
            raise CompileError(f"Only Zig compiles for other machines, and it does not: {problems or 'it is not here'}")
        self.warn(f"{NOT_COMPILED} ({'; '.join(problems) or 'no compiler was found'}). {REMEDY}")

    def compile(self, compiler: Compiler) -> None:
        """All libraries or none. On Windows an import library comes to lie beside each, which is not copied."""
        made = Path(self.build_temp).resolve()
        made.mkdir(parents=True, exist_ok=True)
        names = [name for name in INSTRUCTIONS[self.target.machine] if name]
        for name in names:
            support = str(made / f"{name}_support.o")
            defined = [f"-DSOURCES_HASH={SOURCES_HASH:#x}ULL", *(["-DNEEDS_AVX512"] if name == "_kernels_wide" else [])]
            compiler.run(self.target, None, *defined, "-c", str(SUPPORT), "-o", support)
            compiler.run(self.target, name, *LINK, *SOURCES, support, "-o", str(made / self.get_ext_filename(name)))
        for name in names:
            to = Path(self.get_ext_fullpath(f"{PACKAGE}.{name}"))
            to.parent.mkdir(parents=True, exist_ok=True)
            self.copy_file(str(made / self.get_ext_filename(name)), str(to))


class Wheel(bdist_wheel):
    """Not tied to a version of Python, since the library knows none."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = True  # until a library is compiled into it; an editable one never holds any

    def run(self) -> None:
        # What an earlier build left there, for another machine perhaps, would come along.
        shutil.rmtree(self.get_finalized_command("build").build_lib, ignore_errors=True)
        self.run_command("build")
        self.skip_build = True
        self.root_is_pure = not self.get_finalized_command("build_ext").is_compiled
        if self.root_is_pure:
            self.distribution.ext_modules = []
        super().run()

    def get_tag(self) -> tuple[str, str, str]:
        name = "any" if self.root_is_pure else self.plat_name
        if name.startswith("macosx"):
            name = f"macosx-11.0-{target_of(name).machine.replace('aarch64', 'arm64')}"  # as in SYSTEMS
        return "py3", "none", name.replace("-", "_").replace(".", "_")


TOP = ("fim", "learn", "model", "server")
setup(
    packages=[f"seekline.{name}" for top in TOP for name in (top, *(f"{top}.{below}" for below in find_packages(top)))],
    ext_modules=[Library(name) for name in ("_kernels_wide", "_kernels")],
    cmdclass={"build_ext": BuildLibraries, "bdist_wheel": Wheel},
)
