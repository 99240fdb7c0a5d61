"""`seekline eval-set`: end to end with the embedded model, twice the same, and what is said of bad requests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import published_sets as sets
import pytest
import typer
from commands import Run
from lora_adapters import save_adapter
from seekline import model
from seekline.learn.errors import NoSandbox
from seekline.learn.eval.sandbox import find_sandbox
from seekline.server.cli.boundary import run
from seekline.server.cli.eval_set import eval_set
from seekline.server.settings.config import user_file


class EvalSet:
    """The command, in an empty folder with a set of three tasks."""

    def __init__(self, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._capsys = capsys
        self.folder = folder

    def __call__(self, *arguments: str) -> Run:
        app = typer.Typer(pretty_exceptions_enable=False)
        app.command()(eval_set)
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run(lambda: app(args=[*arguments]))
        printed = self._capsys.readouterr()
        return Run(int(ended.value.code or 0), printed.out, printed.err)

    def json(self, *arguments: str) -> Any:
        """What it writes there, with a run that succeeds."""
        ended = self(*arguments, "--json", "figures.json")
        assert ended.code == 0, ended.err
        return json.loads((self.folder / "figures.json").read_text("utf-8"))


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> EvalSet:
    monkeypatch.chdir(tmp_path)
    sets.write_lines(tmp_path / "set.jsonl", [sets.infilling(line) for line in (1, 2, 3)])
    return EvalSet(capsys, tmp_path)


def own_settings(text: str) -> None:
    """What the user's own file of settings says."""
    path = user_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def test_the_embedded_model_in_both_modes_twice_the_same(command: EvalSet) -> None:
    arguments = ("set.jsonl", "--model", "embedded", "--mode", "raw", "--mode", "product")
    first = command.json(*arguments)
    assert command.json(*arguments) == first
    raw, product = first["models"]
    assert (raw["name"], raw["mode"], product["mode"]) == ("embedded", "raw", "product")
    assert raw["figures"]["tasks"] == product["figures"]["tasks"] == 3
    assert raw["figures"]["pass_at_1"] is None, "nothing is run unless that is asked for"
    assert raw["figures"]["first_token"] is not None
    assert product["figures"]["shown"] is not None
    assert first["sandbox"] is None


def test_a_table_with_what_is_published(command: EvalSet) -> None:
    ended = command("set.jsonl", "--control", "oracle", "--control", "shuffled", "--html", "page.html")
    assert ended.code == 0
    rows = [line for line in ended.out.splitlines() if "oracle" in line or "shuffled" in line]
    assert "100.0 %" in rows[0]
    assert "0.0 %" in rows[1]
    assert "57.4 %" in ended.out
    assert "arXiv:2401.14196" in ended.out
    assert "not the same" in " ".join(ended.err.split())
    assert "57.4 %" in (command.folder / "page.html").read_text("utf-8")


@pytest.mark.parametrize("name", ["infilling", "humaneval", "mbpp", "ds-1000"])
def test_programs_are_run_where_that_is_asked_for(command: EvalSet, name: str) -> None:
    try:
        find_sandbox()
    except NoSandbox as error:
        pytest.skip(error.problem)
    rows = {
        "infilling": [sets.infilling(line) for line in (1, 2, 3)],
        "humaneval": [sets.humaneval(number) for number in (1, 2)],
        "mbpp": sets.all_mbpp(),
        "ds-1000": [sets.ds_1000(1), sets.ds_1000(2, has_string_test=True)],
    }
    sets.write_lines(command.folder / "set.jsonl", rows[name])
    controls = ("--control", "oracle", "--control", "shuffled")
    found = command.json("set.jsonl", "--execute", "--kind", name, *controls)
    assert found["models"][0]["figures"]["pass_at_1"] == 1
    assert found["sandbox"]


def test_a_second_run_answers_nothing_again(command: EvalSet) -> None:
    arguments = ("set.jsonl", "--model", "embedded", "--answers", "answers.jsonl")
    first = command.json(*arguments, "--limit", "2")
    kept = (command.folder / "answers.jsonl").read_text("utf-8")
    assert command.json(*arguments, "--limit", "2") == first
    assert (command.folder / "answers.jsonl").read_text("utf-8") == kept
    assert command.json(*arguments)["models"][0]["figures"]["tasks"] == 3
    assert (command.folder / "answers.jsonl").read_text("utf-8").startswith(kept)


def test_what_the_product_answered_is_kept_for_equal_settings_only(command: EvalSet) -> None:
    arguments = ("set.jsonl", "--model", "embedded", "--mode", "product", "--limit", "1", "--answers", "answers.jsonl")
    answers = command.folder / "answers.jsonl"
    written: list[list[str]] = []
    for text in ("", "copies = false\n", "max_new_tokens = 1\n", "least_probability = 1.0\n", "copies = false\n"):
        own_settings(text)
        command.json(*arguments)
        written.append(answers.read_text("utf-8").splitlines())
    assert [len(lines) for lines in written] == [1, 2, 3, 4, 4]


def test_an_adapter_that_was_trained_anew_answers_again(command: EvalSet) -> None:
    folder = command.folder / "adapter"
    own_settings(f"adapter = {str(folder)!r}\n")
    arguments = ("set.jsonl", "--model", "embedded", "--mode", "raw", "--mode", "product", "--limit", "1")
    numbers: list[int] = []
    for alpha in (0, 0, 8):
        save_adapter(folder, model.embedded_folder(), rank=4, lora_alpha=alpha)
        command.json(*arguments, "--answers", "answers.jsonl")
        numbers.append(len((command.folder / "answers.jsonl").read_text("utf-8").splitlines()))
    assert numbers == [2, 2, 4]


def test_a_limit_draws_by_the_seed(command: EvalSet) -> None:
    arguments = ("set.jsonl", "--control", "oracle", "--limit", "1", "--seed")
    ids = [command.json(*arguments, seed)["models"][0]["tasks"][0]["task_id"] for seed in "0011"]
    assert ids[0] == ids[1]
    assert ids[2] == ids[3]
    assert {command.json(*arguments, str(seed))["models"][0]["tasks"][0]["task_id"] for seed in range(8)} != {ids[0]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.jsonl",), "nowhere.jsonl cannot be read"),
        (("set.jsonl", "--kind", "else"), "--kind else is not known"),
        (("set.jsonl", "--kind", "mbpp"), "line 1: the field `task_id` is a text, not a whole number"),
        (("set.jsonl", "--mode", "eager"), "--mode eager is not known"),
        (("set.jsonl", "--python", "python"), "--python is what --execute runs programs with"),
        (("set.jsonl", "--execute", "--python", "./nowhere"), "is no Python that runs"),
        (("set.jsonl", "--answers", "set.jsonl"), "line 1 is no answer"),
        (("set.jsonl", "--json", "set.jsonl/figures.json"), "cannot be written"),
        (("set.jsonl", "--html", "."), "cannot be written"),
        (("set.jsonl", "--model", "none-such"), "none-such"),
        (("set.jsonl", "--model", "embedded", "--model", "none-such"), "none-such"),
    ],
)
def test_what_is_wrong_is_one_message(command: EvalSet, arguments: tuple[str, ...], message: str) -> None:
    ended = command(*arguments)
    assert ended.code == 2
    assert message in " ".join(ended.err.split())
    assert "Traceback" not in ended.err
    assert not ended.out, "nothing was measured"


def test_what_was_measured_is_told_where_it_ends_early(command: EvalSet, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(control: object, task: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("seekline.learn.eval.sets.answering.Shuffled.answer", stop)
    ended = command("set.jsonl", "--control", "oracle", "--control", "shuffled", "--json", "figures.json")
    assert ended.code == 130
    assert "100.0 %" in ended.out
    found = json.loads((command.folder / "figures.json").read_text("utf-8"))
    assert [each["name"] for each in found["models"]] == ["oracle"]


def test_a_full_disk_is_told_below_the_table(command: EvalSet, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(report: object, path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("seekline.learn.eval.sets.report.write_json", full)
    ended = command("set.jsonl", "--control", "oracle", "--json", "figures.json")
    assert ended.code == 2
    assert "100.0 %" in ended.out
    assert "No space left on device. The figures stand above" in " ".join(ended.err.split())


def test_no_sandbox_is_told_before_anything_is_generated(command: EvalSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seekline.learn.eval.sandbox._methods", lambda: ())
    ended = command("set.jsonl", "--model", "embedded", "--execute", "--answers", "answers.jsonl")
    assert ended.code == 2
    assert "Run without execution" in ended.err
    assert not (command.folder / "answers.jsonl").exists()


def test_help_imports_nothing_of_learn() -> None:
    code = (
        "import sys, seekline.server.cli.eval_set\n"
        "print([name for name in sys.modules if name.startswith(('seekline.learn', 'torch', 'transformers'))])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
