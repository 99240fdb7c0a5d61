"""Which compiled library is loaded, which one is refused, and what the user is told then."""

from __future__ import annotations

import ctypes
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from seekline import model
from seekline.model import native
from seekline.model.backends.llama import native_structures
from seekline.model.native import library
from seekline.model.native.sources import sources_hash
from tiny_models import generate, load, save_llama

NATIVE = Path(native.__path__[0])
needs_a_library = pytest.mark.skipif(
    not native_structures.is_compiled(), reason="the C code is not compiled here, or not for this processor"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the C files, from which libraries are loaded in this test."""
    for path in NATIVE.glob("*.[ch]"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(library, "__file__", str(tmp_path / "library.py"))
    forget_library()
    yield tmp_path
    forget_library()


def forget_library() -> None:
    library.find_library.cache_clear()
    library.find_library_for.cache_clear()


def copy_libraries(to: Path) -> None:
    for path in NATIVE.glob("_kernels*"):
        shutil.copy(path, to)


@needs_a_library
def test_a_library_beside_its_sources_is_loaded(folder: Path) -> None:
    copy_libraries(folder)
    assert model.is_compiled()
    assert model.why_not_compiled() is None


@needs_a_library
@pytest.mark.parametrize("change", ["changed", "added", "removed"])
def test_a_library_beside_newer_sources_is_refused_and_torch_computes(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture, change: str
) -> None:
    copy_libraries(folder)
    if change == "changed":
        with (folder / "products.c").open("a", encoding="utf-8") as file:
            file.write("/* newer */")
    elif change == "added":
        (folder / "more.c").write_text("", "utf-8")
    else:
        (folder / "products.c").unlink()
    assert native_structures.library() is None
    assert "was compiled from other sources than those beside it" in caplog.text
    assert "install Seekline again" in caplog.text
    assert "was compiled from other sources" in (model.why_not_compiled() or "")
    assert len(generate(load(save_llama(tmp_path_factory.mktemp("model"))))) > 0


@needs_a_library
def test_where_a_packager_left_the_sources_out_the_sizes_of_the_structures_are_compared(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_libraries(folder)
    for path in folder.glob("*.[ch]"):
        path.unlink()
    assert native_structures.is_compiled()
    monkeypatch.setattr(native_structures, "Call", native_structures.Matrix)
    assert not native_structures.is_compiled()
    assert "was compiled from other sources" in (native_structures.why_not_compiled() or "")
    assert library.find_library().library is not None, "for others, whose structures agree"


@needs_a_library
def test_a_library_without_what_a_caller_asks_for_is_not_called() -> None:
    assert library.find_library_for("seekline_sizes_of_later", 0).library is None


def test_a_library_that_does_not_load_leaves_torch(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "_kernels.so").write_text("no library", "utf-8")
    assert not native_structures.is_compiled()
    assert "_kernels.so cannot be loaded" in caplog.text
    assert "_kernels.so cannot be loaded" in (model.why_not_compiled() or "")


def test_a_library_that_is_not_ours_is_not_called(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "_kernels.so").write_text("", "utf-8")
    monkeypatch.setattr(library.ctypes, "CDLL", lambda _: object())
    assert not native_structures.is_compiled()
    assert "was compiled from other sources" in (model.why_not_compiled() or "")


class OfOthers:
    """A library for another processor: only what asks for it may be called."""

    @staticmethod
    def seekline_supported() -> int:
        return 0

    @staticmethod
    def seekline_sources() -> int:
        raise AssertionError("it would trap")


def test_a_library_for_other_processors_is_asked_first_and_then_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "_kernels.so").write_text("", "utf-8")
    monkeypatch.setattr(library.ctypes, "CDLL", lambda _: OfOthers())
    assert not native_structures.is_compiled()
    assert "does not run on this processor" in (model.why_not_compiled() or "")


def test_where_there_is_no_library_the_user_is_told_what_to_do(folder: Path) -> None:
    assert not native_structures.is_compiled()
    told = model.why_not_compiled() or ""
    assert told.startswith("Seekline's C code is not compiled here: there is no compiled library in this installation.")
    assert "Install a C compiler, or the package ziglang" in told


def test_on_a_processor_that_there_is_no_code_for_nothing_is_to_be_installed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library.platform, "machine", lambda: "riscv64")
    assert "does not run on this processor" in (model.why_not_compiled() or "")
    assert "Install" not in (model.why_not_compiled() or "")


@needs_a_library
def test_the_hash_in_the_library_is_that_of_the_sources() -> None:
    found = native_structures.library()
    assert found is not None
    found.seekline_sources.restype = ctypes.c_uint64
    assert found.seekline_sources() == sources_hash(NATIVE) != 0
