"""The cache of quantized weights heals itself, and keeps within its bounds."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from time import time

import pytest
import torch
from safetensors.torch import load
from seekline import model
from seekline.model.backends.llama import kept
from seekline.model.backends.llama.kept import evict, kept_weights
from tiny_models import generate, save_llama


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model. Tests must not write to it."""
    return save_llama(tmp_path_factory.mktemp("model"), hidden_size=128)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def load_int4(folder: Path, cache: Path, quantization: model.Quantization = "int4") -> list[int]:
    """The tokens of a model that is loaded through the cache."""
    plan = model.make_plan(model.ModelRequest(model=str(folder), device="cpu", quantization=quantization), base=folder)
    return generate(model.load_model(plan, threads=1, cache=cache))


def damage(file: Path, how: str) -> None:
    content = bytearray(file.read_bytes())
    header_end = 8 + int.from_bytes(content[:8], "little")
    if how == "a flipped bit":
        content[header_end + (len(content) - header_end) // 2] ^= 4
    elif how == "zeros at the end":
        content[-4096:] = bytes(4096)
    elif how == "truncated":
        del content[-1000:]
    elif how == "empty":
        content.clear()
    elif how == "no header":
        content[:header_end] = bytes(header_end)
    elif how == "another shape":
        header = bytes(content[:header_end])
        a, b = b'"shape":[128,64]', b'"shape":[64,128]'
        if a not in header:
            a = header[header.index(b'"shape":[') : header.index(b"]", header.index(b'"shape":[')) + 1]
            rows, columns = a[9:-1].split(b",")
            b = b'"shape":[' + columns + b"," + rows + b"]"
        content[:header_end] = header.replace(a, b, 1)
    file.write_bytes(bytes(content))


DAMAGES = ["a flipped bit", "zeros at the end", "truncated", "empty", "no header", "another shape"]


@pytest.mark.usefixtures("each_forward")
@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_file_is_deleted_and_made_again(folder: Path, cache: Path, how: str) -> None:
    expected = load_int4(folder, cache)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    tensors = load(whole)  # a file would stay mapped while it is damaged
    damage(file, how)
    assert file.read_bytes() != whole
    assert load_int4(folder, cache) == expected
    (made_again,) = cache.iterdir()
    found = load(made_again.read_bytes())
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensors[name]) for name in tensors), "it is as it was before"


def test_another_models_file_is_not_taken(folder: Path, cache: Path, tmp_path: Path) -> None:
    expected = load_int4(folder, cache)
    (file,) = cache.iterdir()
    other = save_llama(tmp_path / "other", seed=1, hidden_size=128)
    load_int4(other, tmp_path / "others")
    (others,) = (tmp_path / "others").iterdir()
    shutil.copy(others, file)
    assert load_int4(folder, cache) == expected


def test_a_file_that_is_whole_is_read_and_not_made_again(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_int4(folder, cache)
    monkeypatch.setattr(
        "seekline.model.backends.llama.store.QuantizedStore._write", lambda _: pytest.fail("written again")
    )
    monkeypatch.setattr("seekline.model.backends.llama.model_loader._MEASURED_OUTPUTS", 16)
    load_int4(folder, cache)


def test_the_file_says_what_it_was_made_from(folder: Path, cache: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(folder, tmp_path / "model"))
    load_int4(folder, cache)
    (one,) = kept_weights(cache)
    assert one.model == folder.resolve()
    assert one.is_current
    os.utime(folder / "model.safetensors", ns=(0, 0))
    assert not kept_weights(cache)[0].is_current


def copies(cache: Path, count: int) -> list[Path]:
    """The one file of the cache, so many times, each used later than the one before."""
    (first,) = cache.iterdir()
    files = [first.with_name(f"{number}.safetensors") for number in range(count)]
    for age, file in enumerate(reversed(files)):
        shutil.copy(first, file)
        used = time() - 60 - age
        os.utime(file, (used, used))
    first.unlink()
    return files


def left(cache: Path) -> set[str]:
    return {path.stem for path in cache.iterdir()}


def test_the_least_recently_used_of_a_model_are_given_up(folder: Path, cache: Path) -> None:
    load_int4(folder, cache)
    files = copies(cache, 6)
    evict(cache, keep=files[-1])
    assert left(cache) == {"3", "4", "5"}


def test_the_one_that_is_in_use_stays(folder: Path, cache: Path) -> None:
    load_int4(folder, cache)
    files = copies(cache, 6)
    evict(cache, keep=files[0])
    assert "0" in left(cache)


def test_all_of_them_stay_within_a_number_of_bytes(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_int4(folder, cache)
    files = copies(cache, 3)
    monkeypatch.setattr(kept, "MAX_BYTES", 2 * files[0].stat().st_size)
    evict(cache, keep=files[-1])
    assert left(cache) == {"1", "2"}


def test_what_nobody_has_used_for_long_is_given_up_at_the_next_load(folder: Path, cache: Path, tmp_path: Path) -> None:
    """Also where that load writes nothing itself."""
    other = save_llama(tmp_path / "other", seed=1, hidden_size=128)
    load_int4(other, cache)
    (old,) = cache.iterdir()
    load_int4(folder, cache)
    (new,) = set(cache.iterdir()) - {old}
    for age, there in ((kept.MAX_UNUSED_S - 1000, {old, new}), (kept.MAX_UNUSED_S + 1000, {new})):
        os.utime(old, (time() - age, time() - age))
        load_int4(folder, cache)
        assert set(cache.iterdir()) == there


def test_what_is_stale_goes_and_what_may_come_back_stays(folder: Path, cache: Path, tmp_path: Path) -> None:
    stale = Path(shutil.copytree(folder, tmp_path / "stale"))
    away = Path(shutil.copytree(folder, tmp_path / "away"))
    for one in (stale, away, folder):
        load_int4(one, cache)
    os.utime(stale / "model.safetensors", ns=(0, 0))
    away.rename(tmp_path / "elsewhere")
    load_int4(folder, cache)
    left = {one.model: one for one in kept_weights(cache)}
    assert set(left) == {away.resolve(), folder.resolve()}
    assert left[away.resolve()].is_orphaned
    assert not left[folder.resolve()].is_orphaned


def test_copies_of_another_format_are_given_up(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_int4(folder, cache)
    (old,) = cache.iterdir()
    monkeypatch.setattr(kept, "FORMAT", kept.FORMAT + 1)
    load_int4(folder, cache)
    (new,) = cache.iterdir()
    assert new != old


def test_what_nothing_can_be_loaded_from_is_given_up(folder: Path, cache: Path) -> None:
    load_int4(folder, cache)
    (cache / "garbage.safetensors").write_bytes(b"half a file")
    abandoned, new = cache / "x.1-a.part", cache / "x.2-b.part"
    for path in (abandoned, new):
        path.write_bytes(b"part")
    os.utime(abandoned, (0, 0))
    (file,) = [one.path for one in kept_weights(cache) if one.model]
    evict(cache, keep=file)
    assert {path.name for path in cache.iterdir()} == {file.name, new.name}


def test_two_servers_may_write_at_once(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each writes beside the place under a name of its own."""
    written: list[str] = []
    replace = Path.replace

    def note(self: Path, target: Path) -> Path:
        written.append(self.name)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", note)
    first = load_int4(folder, cache)
    for path in cache.iterdir():
        path.unlink()
    assert load_int4(folder, cache) == first
    assert len(set(written)) == 2
