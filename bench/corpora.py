"""The real repositories that the context benchmark draws its cases from, brought through the package registries.

    python bench/corpora.py [--language NAME ...] [--list FILE] [--cache FOLDER]

Reads bench/corpora.toml; unpacks each repository into CACHE/corpora/NAME, once. Wants the registries' own clients: pip
for PyPI, npm, and apt-get for Debian's packages. What cannot be had is named, and costs only itself.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import tomli

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent / ".bench"
LIST = HERE / "corpora.toml"


class Unavailable(Exception):
    """A repository that could not be had here, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpus:
    """One repository. `keep` and `drop` are paths of it, `root` where it lies once it was brought."""

    name: str
    languages: tuple[str, ...]
    source: str
    package: str
    version: str | None
    keep: tuple[str, ...]
    drop: tuple[str, ...]
    folder: str
    cases: int | None
    root: Path


def read_list(path: Path = LIST, cache: Path = CACHE) -> list[Corpus]:
    entries = tomli.loads(path.read_text("utf-8"))["corpus"]
    return [
        Corpus(
            name=entry["name"],
            languages=tuple(entry["languages"]),
            source=entry["source"],
            package=entry.get("package", entry["name"]),
            version=entry.get("version"),
            keep=tuple(entry.get("keep", ())),
            drop=tuple(entry.get("drop", ())),
            folder=entry.get("folder", "."),
            cases=entry.get("cases"),
            root=Path(entry["path"]) if entry["source"] == "folder" else cache / "corpora" / entry["name"],
        )
        for entry in entries
    ]


def bring(corpus: Corpus, cache: Path = CACHE) -> None:
    """Unpacks `corpus` into its root, unless it is there. Raises `Unavailable`."""
    if corpus.root.is_dir():
        return
    if corpus.source == "folder":
        raise Unavailable(f"there is no folder {corpus.root}")
    with tempfile.TemporaryDirectory(dir=_made(cache)) as temporary:
        folder = Path(temporary)
        _unpack(SOURCES[corpus.source](corpus, _made(folder / "archive"), cache), folder / "tree")
        tree = _single(folder / "tree") / corpus.folder
        if not tree.is_dir():
            raise Unavailable(f"the package has no folder {corpus.folder}")
        _prune(tree, corpus)
        _made(corpus.root.parent)
        tree.rename(corpus.root)


def _from_pypi(corpus: Corpus, folder: Path, cache: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", corpus.package]
    _run([*command, "--dest", str(folder), f"{corpus.package}=={corpus.version}"], folder)
    return _only_archive(folder, "*.tar.gz", "*.zip")


def _from_npm(corpus: Corpus, folder: Path, cache: Path) -> Path:
    _run(["npm", "pack", "--silent", f"{corpus.package}@{corpus.version}"], folder)
    return _only_archive(folder, "*.tgz")


def _from_debian(corpus: Corpus, folder: Path, cache: Path) -> Path:
    _run(["apt-get", "download", "-o", "APT::Sandbox::User=root", corpus.package], folder)
    return _only_archive(folder, "*.deb")


def _from_debian_source(corpus: Corpus, folder: Path, cache: Path) -> Path:
    options = _apt_options(cache)
    _run(["apt-get", *options, "source", "--download-only", "--only-source", corpus.package], folder)
    return _only_archive(folder, "*.orig.tar.*[a-z0-9]", "*.tar.*")


def _apt_options(cache: Path) -> list[str]:
    """apt-get's options for the source packages of the system's own archives, with lists and state of their own."""
    home = cache / "apt"
    options = [
        *("-o", f"Dir::Etc::SourceList={home}/sources.list", "-o", "Dir::Etc::SourceParts=/dev/null"),
        *("-o", f"Dir::State::Lists={home}/lists", "-o", f"Dir::Cache={home}/cache"),
        *("-o", "APT::Sandbox::User=root"),
    ]
    if not (home / "sources.list").exists():
        _made(home / "lists" / "partial")
        _made(home / "cache" / "archives" / "partial")
        archives = _run(["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)"], home)
        own = [line for line in sorted(set(archives.splitlines())) if "backports" not in line]
        (home / "sources.list").write_text("".join(f"deb-src {archive}\n" for archive in own))
        _run(["apt-get", *options, "update"], home)
    return options


SOURCES: dict[str, Callable[[Corpus, Path, Path], Path]] = {
    "pypi": _from_pypi,
    "npm": _from_npm,
    "debian": _from_debian,
    "debian-source": _from_debian_source,
}


def _run(command: Sequence[str], folder: Path) -> str:
    if shutil.which(command[0]) is None:
        raise Unavailable(f"{command[0]} is not installed")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Unavailable(f"{command[0]}: {lines[-1] if lines else 'failed'}")
    return done.stdout


def _only_archive(folder: Path, *patterns: str) -> Path:
    for pattern in patterns:
        found = [path for path in sorted(folder.glob(pattern)) if path.suffix != ".asc"]
        if found:
            return found[0]
    raise Unavailable("the package holds no archive of its sources")


def _unpack(archive: Path, folder: Path) -> None:
    if archive.suffix == ".deb":
        _run(["dpkg-deb", "-x", str(archive), str(folder)], archive.parent)
        return
    if archive.suffix == ".zip":
        shutil.unpack_archive(archive, folder)
        return
    with tarfile.open(archive) as tar:
        wanted = [member for member in tar if member.isfile() or member.isdir()]
        tar.extractall(folder, members=wanted, filter="data")


def _single(tree: Path) -> Path:
    """The one folder that an archive holds, or the tree itself."""
    inside = list(tree.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() and inside[0].name != "usr" else tree


def _prune(tree: Path, corpus: Corpus) -> None:
    for name in corpus.drop:
        shutil.rmtree(tree / name, ignore_errors=True)
    if not corpus.keep:
        return
    kept = [tree / name for name in corpus.keep]
    for path in sorted(tree.rglob("*"), reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif not any(path == keep or path.is_relative_to(keep) for keep in kept):
            path.unlink()


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def bring_all(corpora: Sequence[Corpus], cache: Path = CACHE) -> list[Corpus]:
    """Brings what can be had, says what cannot, and returns the former."""
    there = []
    for corpus in corpora:
        try:
            bring(corpus, cache)
        except (Unavailable, OSError, tarfile.TarError, subprocess.TimeoutExpired) as error:
            print(f"not to be had: {corpus.name} ({corpus.source} {corpus.package}): {error}", flush=True)
        else:
            there.append(corpus)
    return there


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--language", action="append", help="only repositories with cases in this language")
    parser.add_argument("--list", type=Path, default=LIST, help="another list like bench/corpora.toml")
    parser.add_argument("--cache", type=Path, default=CACHE)
    given = parser.parse_args()
    corpora = read_list(given.list, given.cache)
    wanted = [corpus for corpus in corpora if not given.language or set(given.language) & set(corpus.languages)]
    there = bring_all(wanted, given.cache)
    print(f"{len(there)} of {len(wanted)} repositories are in {given.cache / 'corpora'}")


if __name__ == "__main__":
    main()
