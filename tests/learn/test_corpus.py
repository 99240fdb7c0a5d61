"""What gets into the corpus: by licence, by what a file looks like, and never a held-out text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from seekline.learn.cleaning import clean
from seekline.learn.corpus import build_corpus, read_files
from seekline.learn.corpus_file import CorpusFile
from seekline.learn.errors import CorpusTooSmall
from seekline.learn.mixture.repositories import Repository
from seekline.learn.overlap import Overlap
from seekline.learn.packages import installed_packages, is_permissive
from seekline.learn.recipe import CorpusChoice


def code(name: str, functions: int = 12) -> str:
    """A file's worth of Python that shares no line with that of another name."""
    return "".join(
        f"def {name}_{n}(value, *, limit_of_{name}={n}):\n"
        f"    total_of_{name} = value + limit_of_{name}\n"
        f"    print('{name}', total_of_{name}, {n})\n"
        f"    return total_of_{name} * {n}\n\n\n"
        for n in range(functions)
    )


def install(site: Path, name: str, licence: str, files: dict[str, str]) -> None:
    """Lays a package into `site` as an installer does."""
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{licence}\n\nText.\n", "utf-8")
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in [*files, "../bin/script.py"]), "utf-8")
    for path, text in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text, "utf-8")


def choice(site: Path, **changes: object) -> CorpusChoice:
    values: dict = {"sites": (str(site),), "held_out_packages": ("secret",), "minimum_characters": 1} | changes
    return CorpusChoice(**values)


def build(folder: Path, chosen: CorpusChoice, *repositories: Repository) -> dict[str, str]:
    """Training text by path."""
    build_corpus(folder, chosen, repositories, 0, lambda line: None)
    return {file.path: file.text for file in read_files(folder / "train.jsonl")}


@pytest.mark.parametrize(
    "licence",
    [
        "MIT",
        "MIT License",
        "BSD-3-Clause",
        "BSD 3-Clause License",
        "3-clause BSD License",
        "Apache Software License",
        "Apache-2.0 OR BSD-2-Clause",
        "ISC License (ISCL)",
        "PSF-2.0",
        "BSD License; Apache Software License",
        "(MIT OR Apache-2.0)",
        "Apache-2.0 AND Apache-2.0 WITH LLVM-exception AND BSL-1.0",
        "BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0",
    ],
)
def test_permissive_licences(licence: str) -> None:
    assert is_permissive(licence)


@pytest.mark.parametrize(
    "licence",
    [
        "",
        "UNKNOWN",
        "GPL-3.0-only",
        "LGPL",
        "MPL-2.0 AND MIT",
        "Mozilla Public License 2.0 (MPL 2.0)",
        "MIT OR GPL-2.0",
        "Public Domain; BSD License; GNU General Public License (GPL)",
        "MIT, with parts under the GPL",
        "MIT License and some GPL",
        "Proprietary",
        "MIT AND LicenseRef-Ours",
        "see LICENSE",
    ],
)
def test_other_licences(licence: str) -> None:
    assert not is_permissive(licence)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ("License-Expression: MIT\nLicense: something else", "MIT"),
        ("Classifier: License :: OSI Approved :: BSD License\nClassifier: Topic :: Text", "BSD License"),
        ("Classifier: License :: OSI Approved\nLicense: Apache 2.0", "Apache 2.0"),
        ("Summary: none named", ""),
    ],
)
def test_the_licence_is_read_from_the_metadata(tmp_path: Path, headers: str, expected: str) -> None:
    install(tmp_path, "thing", headers, {"thing.py": code("thing")})
    (package,) = installed_packages(tmp_path)
    assert package.licence == expected
    assert [path for path, _ in package.files] == ["thing.py"]


def test_only_permissive_packages_are_read(tmp_path: Path) -> None:
    install(tmp_path, "open", "License-Expression: MIT", {"open/a.py": code("open")})
    install(tmp_path, "copyleft", "License-Expression: GPL-3.0-only", {"copyleft/a.py": code("copyleft")})
    install(tmp_path, "silent", "Summary: no licence", {"silent/a.py": code("silent")})
    install(tmp_path, "secret", "License-Expression: MIT", {"secret/a.py": code("secret")})
    assert build(tmp_path / "out", choice(tmp_path)) == {"open/a.py": code("open").rstrip() + "\n"}
    table = json.loads((tmp_path / "out" / "packages.json").read_text("utf-8"))
    assert [(row["package"], row["version"], row["licence"]) for row in table["packages"]] == [("open", "1.0", "MIT")]
    assert [row["package"] for row in table["excluded_by_licence"]] == ["copyleft", "silent"]
    assert "| open | 1.0 | MIT | 1 |" in (tmp_path / "out" / "PACKAGES.md").read_text("utf-8")


def test_held_out_text_never_gets_in(tmp_path: Path) -> None:
    secret = code("secret")
    passage = "\n".join(secret.split("\n")[:12])
    files = {
        "thief/copy.py": secret,
        "thief/indented.py": "class Copy:\n" + secret.replace("\n", "\n    "),
        "thief/passage.py": code("thief", 40) + passage + "\n",
        "thief/secret/own.py": code("elsewhere"),
        "thief/fine.py": code("fine"),
    }
    install(tmp_path, "thief", "License-Expression: MIT", files)
    install(tmp_path, "secret", "License-Expression: MIT", {"secret/a.py": secret})
    trained = build(tmp_path / "out", choice(tmp_path))
    assert list(trained) == ["thief/fine.py"]
    held_out = read_files(tmp_path / "out" / "heldout.jsonl")
    assert [(file.package, file.text) for file in held_out] == [("secret", secret)]


def test_repositories_of_other_languages_get_in_up_to_their_share(tmp_path: Path) -> None:
    secret = code("secret")
    install(tmp_path, "open", "License-Expression: MIT", {"open/a.py": code("open")})
    install(tmp_path, "secret", "License-Expression: MIT", {"secret/a.py": secret})
    texts = {f"{n}.go": code(f"part{n}") for n in range(9)}
    files = [CorpusFile(package="garden", path=path, text=text) for path, text in texts.items()]
    thief = CorpusFile(package="thief", path="copy.go", text=secret)
    garden = Repository(name="garden", version="2", licence="ISC", language="go", use="tune", files=tuple(files))
    repositories = garden, replace(garden, name="thief", files=(thief,))
    chosen = choice(tmp_path, package_characters=3 * len(files[0].text))
    trained = build(tmp_path / "out", chosen, *repositories)
    assert trained.pop("open/a.py")
    assert len(trained) == 4
    assert trained.items() <= texts.items()
    table = (tmp_path / "out" / "PACKAGES.md").read_text("utf-8")
    assert "| garden | 2 | ISC | 4 |" in table
    assert "| thief | 2 | ISC | 0 |" not in table


def test_a_standard_library_holds_its_modules_out(tmp_path: Path) -> None:
    library = tmp_path / "python3.99"
    for path in ("json/decoder.py", "test/test_json/test_all.py", "test/test_json.py", "heapq.py"):
        (library / path).parent.mkdir(parents=True, exist_ok=True)
        (library / path).write_text(code(path.replace("/", "_").removesuffix(".py")), "utf-8")
    older = tmp_path / "python3.98"
    (older / "json").mkdir(parents=True)
    (older / "json" / "decoder.py").write_text(code("older_decoder"), "utf-8")
    chosen = choice(tmp_path, libraries=(str(library), str(older)))
    assert list(build(tmp_path / "out", chosen)) == ["heapq.py"]
    held_out = read_files(tmp_path / "out" / "heldout.jsonl")
    assert [(file.package, file.path) for file in held_out] == [("stdlib-json", "json/decoder.py")]


def test_no_package_exceeds_its_share(tmp_path: Path) -> None:
    install(tmp_path, "large", "License-Expression: MIT", {f"large/{n}.py": code(f"part{n}") for n in range(9)})
    install(tmp_path, "secret", "License-Expression: MIT", {"secret/a.py": code("secret")})
    size = len(code("part0"))
    assert len(build(tmp_path / "out", choice(tmp_path, package_characters=3 * size))) == 4


def test_too_small_a_corpus_is_refused(tmp_path: Path) -> None:
    install(tmp_path, "open", "License-Expression: MIT", {"open/a.py": code("open")})
    with pytest.raises(CorpusTooSmall, match="nothing to measure with"):
        build(tmp_path / "out", choice(tmp_path))
    with pytest.raises(CorpusTooSmall, match="characters"):
        build(tmp_path / "out", choice(tmp_path, minimum_characters=10**9))


def test_a_licence_header_is_cut_off() -> None:
    text = code("thing")
    assert clean(f"# Copyright 2020 Somebody\n# All rights reserved\n\n{text}".encode()) == text.rstrip() + "\n"
    kept = clean(f"# Sums.\n\n{text}".encode())
    assert kept is not None
    assert kept.startswith("# Sums.")


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n",
        "# This file is under the GPL\n" + code("a"),
        "# Automatically generated. Do not edit.\n" + code("a"),
        code("a") + "TOKEN = '<｜fim▁hole｜>'\n",
        code("a") + "x = '" + "y" * 300 + "'\n",
        "TABLE = [\n" + "    1234567890, 1234567890,\n" * 60 + "]\n",
    ],
    ids=["short", "copyleft", "generated", "control token", "long line", "numbers"],
)
def test_files_that_teach_nothing(text: str) -> None:
    assert clean(text.encode()) is None


def test_near_duplicates_count_once() -> None:
    overlap = Overlap([])
    assert overlap.admit(code("one"))
    assert not overlap.admit(code("one").replace("    ", "  "))
    assert not overlap.admit(code("one") + "\n\nANOTHER_LINE_AT_THE_END = True\n")
    assert overlap.admit(code("two"))
