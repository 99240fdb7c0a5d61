"""The recipe of the mixture, on two small repositories that are made up."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy
import pytest
import tomli
from project_files import write
from seekline.learn.__main__ import main
from seekline.learn.corpus_file import CorpusFile
from seekline.learn.errors import CorpusTooSmall, ListUnreadable, NotCompiled
from seekline.learn.middles import InfillingTask
from seekline.learn.middles.middle import Middle
from seekline.learn.mixture import probabilities, recipe
from seekline.learn.mixture.check import Chances, score
from seekline.learn.mixture.evidence import Example, Reader, Step
from seekline.learn.mixture.fit import NetworkChoice
from seekline.learn.mixture.recipe import MixtureRun, fit_mixture
from seekline.learn.mixture.repositories import LIST, Repository, read_repositories
from seekline.learn.mixture.stored_logits import StoredLogits
from seekline.learn.mixture.weights import untrained, write_weights
from seekline.learn.packages import is_permissive
from seekline.model import embedded_folder
from seekline.model.decoding.copying.mixture import Mixer
from seekline.model.decoding.copying.native import library
from seekline.model.loading.mixture_file import read_mixture
from seekline.model.tokenizer import Tokenizer

LISTED = """
[[corpus]]
name = "one"
languages = ["python"]
use = "tune"

[[corpus]]
name = "two"
languages = ["python"]
use = "check"

[[corpus]]
name = "missing"
languages = ["go"]
use = "tune"
"""
BLOCK = """
def read_{name}(folder, encoding="utf-8"):
    path = folder / "{name}.txt"
    with path.open(encoding=encoding) as file:
        return parse_{name}(file.read(), strict=True)
"""


@pytest.fixture
def repositories(tmp_path: Path) -> Path:
    for repository in ("one", "two"):
        for file in ("a", "b/c"):
            text = "".join(BLOCK.format(name=f"{word}_{file[-1]}") for word in ("table", "header", "index", "footer"))
            write(tmp_path / "repositories" / repository, {f"{file}.py": text + "\n" + text})
    write(tmp_path, {"listed.toml": LISTED})
    return tmp_path / "repositories"


def run(repositories: Path, name: str = "weights.safetensors") -> MixtureRun:
    folder = repositories.parent
    return MixtureRun(
        model=embedded_folder(),
        repositories=repositories,
        out=folder / name,
        places=8,
        network=NetworkChoice(hidden=4, epochs=2),
        listed=folder / "listed.toml",
    )


@pytest.mark.skipif(library() is None, reason="the C code is not compiled")
def test_the_recipe(repositories: Path) -> None:
    said: list[str] = []
    fitted = fit_mixture(run(repositories), said.append)
    assert f"missing is not in {repositories}, and left out" in said
    row = next(line.split() for line in said if line.startswith("python"))
    places, exact, bits = int(row[1]), [*map(float, row[2:5])], [*map(float, row[5:])]
    assert places == 8
    assert exact[1] > exact[0]
    assert bits[0] > bits[1] > 0
    assert len(bits) == 3
    read = read_mixture(repositories.parent / "weights.safetensors")
    assert read.first.shape == (63, 4)
    assert numpy.array_equal(read.weight, fitted.weight)


@pytest.mark.skipif(library() is None, reason="the C code is not compiled")
def test_the_same_inputs_give_the_same_file(repositories: Path) -> None:
    files = []
    for name in ("first", "second"):
        fit_mixture(run(repositories, name), lambda _: None)
        files.append((repositories.parent / name).read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize(
    ("listed", "complaint"),
    [
        ("[[corpus", "cannot be read"),
        ("[[corpus]]\nlanguages = ['go']\nuse = 'tune'", "a repository without a name"),
        ("[[corpus]]\nname = 'one'\nlanguages = ['go']", "does not say what one is for"),
        ("[[corpus]]\nname = 'one'\nlanguages = ['go']\nuse = 'test'", "does not say what one is for"),
        ("[[corpus]]\nname = 'one'\nlanguages = ['elvish']\nuse = 'tune'", "no language of one that is known"),
        ("[[corpus]]\nname = 'one'\nuse = 'tune'", "no language of one that is known"),
    ],
)
def test_lists_that_cannot_be_read(listed: str, complaint: str, tmp_path: Path) -> None:
    write(tmp_path, {"listed.toml": listed})
    with pytest.raises(ListUnreadable, match=complaint):
        list(read_repositories(tmp_path, tmp_path / "listed.toml"))


def test_the_list_of_the_recipe(tmp_path: Path) -> None:
    assert all(isinstance(each, str) for each in read_repositories(tmp_path))
    entries = tomli.loads(LIST.read_text("utf-8"))["corpus"]
    assert all(entry["licence"] == "curl" or is_permissive(entry["licence"]) for entry in entries)
    tuned = {language for entry in entries if entry["use"] == "tune" for language in entry["languages"]}
    assert len(tuned) >= 8
    checked = {language for entry in entries if entry["use"] == "check" for language in entry["languages"]}
    assert checked <= tuned
    assert len({entry["name"] for entry in entries}) == len(entries)


def test_languages_by_the_names_of_editors_and_headers(tmp_path: Path) -> None:
    rows = [("sharp", "csharp"), ("plus", "cpp"), ("plain", "c")]
    listed = "".join(f"[[corpus]]\nname = '{name}'\nlanguages = ['{word}']\nuse = 'tune'\n" for name, word in rows)
    write(tmp_path, {"listed.toml": listed, "sharp/a.cs": "x", "plus/a.h": "x", "plus/a.cc": "x", "plain/a.h": "x"})
    write(tmp_path, {"plus/a.c": "x", "plain/a.cc": "x"})
    found = [each for each in read_repositories(tmp_path, tmp_path / "listed.toml") if isinstance(each, Repository)]
    assert [(each.language, [file.path for file in each.files]) for each in found] == [
        ("c-sharp", ["a.cs"]),
        ("cpp", ["a.cc", "a.h"]),
        ("c", ["a.h"]),
    ]


def test_without_the_compiled_library_nothing_is_begun(repositories: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "library", lambda: None)
    said: list[str] = []
    with pytest.raises(NotCompiled, match="compiled library"):
        fit_mixture(run(repositories), said.append)
    assert said == []


@pytest.fixture
def plain_model(tmp_path: Path) -> Path:
    """The embedded model without a name for its control tokens, so that it is asked left to right."""
    folder = tmp_path / "plain"
    shutil.copytree(embedded_folder(), folder)
    for path in (folder / "tokenizer.json", folder / "tokenizer_config.json"):
        path.write_text(re.sub(r"<｜(\w+|\w+▁\w+|\w+▁\w+▁\w+)｜>", r"<|\1|>", path.read_text("utf-8")), "utf-8")
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    config.update(bos_token=None, add_bos_token=False)
    write(folder, {"tokenizer_config.json": json.dumps(config)})
    return folder


def read(model: Path, start: int, end: int) -> list[Example]:
    """What is said of a part of two lines that are much alike."""
    file = CorpusFile(package="one", path="a.py", text="import numpy\nimport numpy as np\n")
    task = InfillingTask(file=file, middle=Middle(start=start, end=end, kind="line"))
    return list(Reader(model, BytesIO()).examples([task], [()]))


def test_a_model_without_control_tokens(plain_model: Path) -> None:
    [found] = read(plain_model, 20, 25)
    tokenizer = Tokenizer(plain_model)
    assert b"".join(tokenizer.bytes_of(step.truth) for step in found.steps) == b" numpy\n"
    assert found.size_bytes == len(b"numpy\n")
    # Nothing would be before the cursor, or nothing but the word that is typed.
    assert read(plain_model, 0, 12) == []
    assert read(plain_model, 3, 12) == []


def test_logits_come_back_from_their_file() -> None:
    file = BytesIO()
    written = [numpy.random.default_rng(rows).random((rows, 5), dtype=numpy.float32) for rows in (3, 1, 2)]
    stored = [StoredLogits.write(logits, file) for logits in written]
    for found, logits in reversed([*zip(stored, written, strict=True)]):
        assert numpy.array_equal(found.read(), logits)


@pytest.mark.parametrize("chances", [probabilities.of_model, probabilities.of_mixture])
def test_probabilities_are_whole_and_of_one_end_of_a_line(chances: Chances) -> None:
    reader = Reader(embedded_folder(), BytesIO())
    [found] = read(embedded_folder(), 22, 25)
    other_ends = [id for id in reader.mixer.model.line_ends if id != reader.mixer.newline]
    for step, logits in found.with_logits():
        of_step = chances(step, logits, reader.mixer)
        assert of_step.sum() == pytest.approx(1, abs=1e-4)
        assert not of_step[other_ends].any()
        assert step.allowed is None or not numpy.delete(of_step, [*step.allowed, reader.mixer.newline]).any()


def test_the_score_of_known_probabilities() -> None:
    mixer = Reader(embedded_folder(), BytesIO()).mixer
    [found] = read(embedded_folder(), 20, 25)
    sure, *unsure = found.steps

    def known(step: Step, logits: numpy.ndarray, mixer: Mixer) -> numpy.ndarray:
        chances = numpy.zeros(len(logits))
        chances[step.truth] = 1 if step is sure else 0.25
        chances[step.truth - 1] = 0 if step is sure else 0.75
        return chances

    assert score([found], known, mixer) == (0, pytest.approx(2 * len(unsure) / found.size_bytes))
    of_first = replace(found, steps=(sure,), logits=StoredLogits.write(found.logits.read()[:1], BytesIO()))
    assert score([of_first, found], known, mixer)[0] == 0.5


def test_nothing_to_fit_on(tmp_path: Path) -> None:
    (tmp_path / "repositories").mkdir()
    write(tmp_path, {"listed.toml": LISTED})
    with pytest.raises(CorpusTooSmall, match=r"None of the repositories to fit on is in .*corpora\.py"):
        fit_mixture(run(tmp_path / "repositories"), lambda _: None)


def test_other_files_come_by_distance(repositories: Path) -> None:
    write(repositories / "one", {"b/near.py": "near = 1\n"})
    listed = repositories.parent / "listed.toml"
    one = next(each for each in read_repositories(repositories, listed) if isinstance(each, Repository))
    texts = {file.path: file.text for file in one.files}
    assert one.others("b/c.py") == (texts["b/near.py"], texts["a.py"])


def test_weights_come_back_from_their_file(tmp_path: Path) -> None:
    write_weights(untrained(), tmp_path / "weights.safetensors")
    assert read_mixture(tmp_path / "weights.safetensors").first.shape == (63, 1)


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["mixture", "--repositories", str(tmp_path / "none"), "--out", str(tmp_path / "w")])
    assert "is no folder" in capsys.readouterr().err
