"""`seekline eval`: what it prints and writes, and what it says where something is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import Seekline
from lora_adapters import save_adapter
from repositories import alone, commit, git, needs_git, write
from seekline.model import embedded_folder
from seekline.model.catalogue import learned
from seekline.server.cli.asking import EngineCompleter
from seekline.server.state_folder import state_folder

MODEL = ("--model", "embedded")


def code(name: str) -> str:
    functions = [
        f"def {name}_{number}(value):\n    result = value + {number}\n    return result * value\n\n\n"
        for number in range(8)
    ]
    return "".join(functions)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    alone(tmp_path, monkeypatch)
    root = tmp_path / "shop"
    write(root, {"one.py": code("one"), "two.py": code("two"), "three.js": "function three(a) {\n  return a + 1;\n}\n"})
    return root


def measured(seekline: Seekline, root: Path, *options: str) -> dict[str, Any]:
    """What is written as JSON, but for the milliseconds."""
    file = root.parent / "report.json"
    run = seekline("eval", str(root), *MODEL, "--json", str(file), *options)
    assert run.code == 0, run.err
    return without_times(json.loads(file.read_text("utf-8")))


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_times(own) for key, own in value.items() if not key.endswith("_ms")}
    return [without_times(own) for own in value] if isinstance(value, list) else value


def test_a_table_and_a_page(seekline: Seekline, repository: Path) -> None:
    run = seekline("eval", str(repository), *MODEL, "--places", "3")
    assert run.code == 0, run.err
    for words in ("as it is", "with other files", "exact match", "retained characters", "kind block"):
        assert words in run.out
    assert "Differences" in run.out
    (page,) = (state_folder() / "eval").iterdir()
    assert str(page) in run.err.replace("\n", "")
    assert page.name.startswith("shop-")
    assert "with other files" in page.read_text("utf-8")
    assert sorted(path.name for path in repository.iterdir()) == ["one.py", "three.js", "two.py"]


def test_two_runs_have_the_same_figures(seekline: Seekline, repository: Path) -> None:
    options = ("--places", "5", "--without", "guide")
    assert measured(seekline, repository, *options) == measured(seekline, repository, *options)


def test_a_place_leaves_nothing_behind(seekline: Seekline, repository: Path) -> None:
    """What is completed at a place is the same whichever was measured before it."""
    several = measured(seekline, repository, "--places", "6", "--variant", "as it is")
    alone_ = measured(seekline, repository, "--places", "6", "--variant", "with other files", "--variant", "as it is")

    def texts(report: dict[str, Any]) -> dict[tuple[str, int], list[str]]:
        return {
            (case["path"], case["line"]): [own["text"] for own in case["answers"] if own["variant"] == "as it is"]
            for case in report["cases"]
        }

    assert texts(several) == texts(alone_)


def test_the_controls(seekline: Seekline, repository: Path) -> None:
    report = measured(seekline, repository, "--places", "6", "--variant", "oracle", "--variant", "shuffled")
    oracle, shuffled = report["variants"]
    assert {own["value"] for own in oracle["figures"]["measures"].values()} == {1}
    assert shuffled["figures"]["measures"]["exact_match"]["value"] == 0


def test_several_models(seekline: Seekline, repository: Path) -> None:
    folder = repository.parent / "same"
    folder.symlink_to(embedded_folder())
    options = ("--places", "3", "--model", "./same", "--variant", "model alone", "--variant", "as it is")
    report = measured(seekline, repository, *options)
    names = [own["name"] for own in report["variants"]]
    assert names == [f"{one} · {what}" for one in ("embedded", "./same") for what in ("model alone", "as it is")]
    assert [own["places"] for own in (each["figures"] for each in report["variants"])] == [3] * 4


def test_what_was_learned_is_compared_with_the_model_alone(
    seekline: Seekline, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(learned.HOME_VARIABLE, str(tmp_path / "adapters"))
    base = embedded_folder()
    draft = save_adapter(tmp_path / "draft", base, rank=4, seed=1)
    learned.publish(learned.learned_folder(repository, base), draft, repository=repository, base=base)
    own, files, without = measured(seekline, repository, "--places", "6")["variants"]
    assert [own["name"], files["name"], without["name"]] == ["as it is", "with other files", "without adapter"]
    assert own["figures"] != without["figures"]
    learned.withdraw(learned.learned_folder(repository, base))
    (alone_,) = measured(seekline, repository, "--places", "6", "--variant", "as it is")["variants"]
    assert alone_["figures"] == without["figures"]


def test_kinds_and_seeds(seekline: Seekline, repository: Path) -> None:
    options = ("--variant", "oracle", "--places", "5", "--kind", "block")
    one, other = measured(seekline, repository, *options), measured(seekline, repository, *options, "--seed", "8")
    assert {case["kind"] for case in [*one["cases"], *other["cases"]]} == {"block"}
    assert one["cases"] != other["cases"]


@needs_git
def test_what_is_not_committed_comes_first(seekline: Seekline, repository: Path) -> None:
    git(repository, "init", "--quiet")
    commit(repository, {}, at=1_600_000_000)
    write(repository, {"added.py": code("added")})
    report = measured(seekline, repository, "--variant", "oracle", "--places", "10")
    recencies = {case["path"]: case["recency"] for case in report["cases"] if case["recency"] == "uncommitted"}
    assert recencies == {"added.py": "uncommitted"}
    assert report["notes"] == []


def test_without_git_that_is_told(seekline: Seekline, repository: Path) -> None:
    run = seekline("eval", str(repository), *MODEL, "--variant", "oracle", "--places", "3")
    assert "git" in run.err


def test_more_places_than_there_are(seekline: Seekline, repository: Path) -> None:
    run = seekline("eval", str(repository), *MODEL, "--variant", "oracle", "--places", "5000")
    assert run.code == 0
    assert "not 5000" in run.err


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["nowhere"], "There is no folder nowhere."),
        (["."], "There is no code to measure at"),
        (["shop", "--kind", "word"], "There is no kind 'word'."),
        (["shop", "--variant", "other"], "There is no variant 'other'."),
        (["shop", "--with", "luck"], "'luck' is nothing to measure with and without."),
        (["shop", "--html", "not/there.html"], "not/there.html cannot be written."),
        (["shop", "--json", "shop"], "shop cannot be written."),
        (["shop", "--model", "./not-there"], "not-there"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    seekline: Seekline, repository: Path, options: list[str], problem: str
) -> None:
    if options == ["."]:
        for path in repository.iterdir():
            path.unlink()
        (repository / "binary.py").write_bytes(b"\0\1\xff" * 1000)
    run = seekline("eval", *options)
    assert run.code == 2, run.out
    assert problem in run.err
    assert "Traceback" not in run.err
    assert run.out == ""


def test_what_was_measured_is_told_when_it_is_interrupted(
    seekline: Seekline, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Ctrl-C amid the seventh completion."""
    asked = 0
    complete = EngineCompleter.complete

    def interrupted(self: EngineCompleter, *given: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == 7:
            raise KeyboardInterrupt
        return complete(self, *given)

    monkeypatch.setattr(EngineCompleter, "complete", interrupted)
    run = seekline("eval", str(repository), *MODEL, "--places", "6")
    assert run.code == 130
    assert "as it is" in run.out
    (page,) = (state_folder() / "eval").iterdir()
    assert "It ended early" in page.read_text("utf-8")


def test_a_second_model_that_cannot_be_loaded_loses_nothing(seekline: Seekline, repository: Path) -> None:
    run = seekline("eval", str(repository), *MODEL, "--model", "./not-there", "--places", "3")
    assert run.code == 2
    assert "embedded · as it is" in run.out
    assert "not-there" in run.err


def test_a_page_that_cannot_be_written_loses_no_figures(seekline: Seekline, repository: Path) -> None:
    state_folder().mkdir(parents=True)
    (state_folder() / "eval").write_text("in the way")
    run = seekline("eval", str(repository), *MODEL, "--places", "3", "--variant", "oracle")
    assert run.code == 2
    assert "oracle" in run.out
    assert "cannot be written" in run.err
