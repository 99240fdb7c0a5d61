"""The command line, in this process: what it prints, and how it says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import Seekline
from seekline import model
from tiny_models import save_llama


def test_complete_as_json(seekline: Seekline, file: str) -> None:
    run = seekline("complete", f"{file}:2:12", "--json")
    assert run.code == 0
    answer = run.json
    assert set(answer) == {
        "completion", "model", "prompt_tokens", "reused_tokens", "new_tokens", "first_token_ms", "total_ms", "finish",
        "log_probability",
    }  # fmt: skip
    assert answer["model"] == "embedded"
    assert answer["prompt_tokens"] > 10
    assert answer["reused_tokens"] == 0
    assert 0 < answer["first_token_ms"] <= answer["total_ms"]
    assert answer["finish"] in ("end", "stop", "length")
    assert answer["new_tokens"] > 0
    assert answer["log_probability"] < 0


def test_complete_for_people(seekline: Seekline, file: str) -> None:
    run = seekline("complete", f"{file}:2:12")
    assert run.code == 0
    assert "return " in run.out
    assert "embedded on cpu (float32): no other model is installed" in " ".join(run.err.split())


def test_that_the_c_code_is_missing_is_said_once(
    seekline: Seekline, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = "Seekline's C code is not compiled here: a reason."
    monkeypatch.setattr("seekline.model.engines.local_info.why_not_compiled", lambda: why)
    for times in (1, 0):
        run = seekline("complete", f"{file}:2:12", "--model", "embedded")
        assert run.code == 0
        assert " ".join(run.err.split()).count(why) == times


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("main.py", "is no place in a file"),
        ("main.py:2", "is no place in a file"),
        ("main.py:x:1", "is no place in a file"),
        ("main.py:0:1", "main.py has no line 0"),
        ("main.py:7:1", "main.py has no line 7. It has lines 1 to 6"),
        ("main.py:2:99", "Line 2 of main.py has no column 99. It has columns 1 to 26"),
        ("nothing.py:1:1", "There is no file nothing.py"),
        (".:1:1", "cannot be read"),
        ("binary.py:1:1", "binary.py is not UTF-8 text"),
    ],
)
@pytest.mark.parametrize("command", ["complete", "prompt"])
def test_a_wrong_place(seekline: Seekline, file: str, tmp_path: Path, command: str, place: str, message: str) -> None:
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe\x00")
    run = seekline(command, place)
    assert run.code == 2
    assert message in " ".join(run.err.split())
    assert run.out == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "./nowhere"], "There is no folder or file"),
        (["--model", "deepseek-coder-1.3-base"], "Did you mean deepseek-coder-1.3b-base"),
        (["--model", "deepseek-coder-1.3b-base"], "seekline models download"),
        (["--device", "toaster"], 'device must be "auto"'),
        (["--device", "cuda:9"], "There is no device 'cuda:9'"),
        (["--quantization", "int3"], "quantization must be one of"),
    ],
)
def test_a_wrong_option(seekline: Seekline, file: str, options: list[str], message: str) -> None:
    run = seekline("complete", f"{file}:2:12", *options)
    assert run.code == 2
    assert message in " ".join(run.err.split())


@pytest.mark.parametrize("damage", ["half", "pickle", "architecture"])
def test_a_damaged_model(seekline: Seekline, file: str, tmp_path: Path, damage: str) -> None:
    folder = save_llama(tmp_path / "model")
    if damage == "half":
        weights = folder / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-8])
    elif damage == "pickle":
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    else:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        (folder / "config.json").write_text(json.dumps({**config, "model_type": "hyperllama"}), "utf-8")
    run = seekline("complete", f"{file}:2:12", "--model", str(folder))
    assert run.code == 2
    message = {"half": "its header announces", "pickle": "pickle only", "architecture": "'hyperllama'"}[damage]
    assert message in " ".join(run.err.split())


def test_a_broken_toml(seekline: Seekline, file: str, tmp_path: Path) -> None:
    (tmp_path / "seekline.toml").write_text("model = ", "utf-8")
    for command in (["complete", f"{file}:2:12"], ["prompt", f"{file}:2:12"], ["config"]):
        run = seekline(*command)
        assert run.code == 2
        assert "seekline.toml: this is not TOML" in " ".join(run.err.split())


def test_a_wrong_key_is_told_and_the_command_runs(seekline: Seekline, file: str, tmp_path: Path) -> None:
    (tmp_path / "seekline.toml").write_text("maxtokens = 3\nmax_new_tokens = 2\n", "utf-8")
    run = seekline("complete", f"{file}:1:1", "--json")
    assert "Did you mean max_new_tokens" in run.err
    assert run.json["new_tokens"] <= 2


def test_models_are_listed(seekline: Seekline) -> None:
    rows = {row["name"]: row for row in seekline("models", "list", "--json").json["models"]}
    assert set(rows) == set(model.all_entries())
    assert [name for name, row in rows.items() if row["installed"]] == ["embedded"]
    assert "deepseek-coder-1.3b-base" in seekline("models", "list").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["download", "embedded"], "embedded comes with Seekline"),
        (["download", "deepsek-coder-1.3b-base"], "Did you mean deepseek-coder-1.3b-base"),
        (["download", "deepseek-coder-1.3b-base"], "Add --yes to agree"),
        (["remove", "deepseek-coder-1.3b-base", "--yes"], "is not on this machine"),
    ],
)
def test_models_that_cannot_be_had_or_lost(seekline: Seekline, arguments: list[str], message: str) -> None:
    run = seekline("models", *arguments)
    assert run.code == 2
    assert message in " ".join(run.err.split())


def test_a_download_shows_the_licence_and_offline_forbids_it(
    seekline: Seekline, tmp_path: Path, own_home: Path
) -> None:
    settings = own_home / "config" / "seekline" / "seekline.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("offline = true", "utf-8")
    run = seekline("models", "download", "deepseek-coder-1.3b-base", "--yes")
    assert run.code == 2
    assert "DeepSeek Model License 1.0" in run.err
    assert "the setting offline is on" in " ".join(run.err.split())


def test_config_tells_where_each_value_comes_from(seekline: Seekline, tmp_path: Path) -> None:
    (tmp_path / "seekline.toml").write_text("threads = 1", "utf-8")
    answer = seekline("config", "--json").json
    assert answer["settings"]["threads"] == 1
    assert answer["sources"]["threads"] == str(tmp_path / "seekline.toml")
    assert answer["sources"]["model"] == "default"
    assert "debounce_ms" in seekline("config").out


def test_the_schema_is_a_json_schema(seekline: Seekline) -> None:
    schema = seekline("config", "schema").json
    assert schema["properties"]["deadline_ms"]["maximum"] == 600_000
    assert schema["additionalProperties"] is False


def test_doctor(seekline: Seekline, tmp_path: Path) -> None:
    run = seekline("doctor")
    assert run.code == 0
    assert "Nothing to mend" in run.out
    assert "embedded on cpu" in run.out
    (tmp_path / "seekline.toml").write_text('model = "./nowhere"', "utf-8")
    run = seekline("doctor")
    assert run.code == 1
    assert "There is no folder or file" in run.out


@pytest.mark.parametrize("command", ["doctor", "config"])
def test_brackets_are_shown_as_they_stand(seekline: Seekline, tmp_path: Path, command: str) -> None:
    (tmp_path / "seekline.toml").write_text('model = "[small]"', "utf-8")
    assert "[small]" in seekline(command).out


def test_doctor_says_how_to_install_what_is_missing(seekline: Seekline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seekline.server.cli.doctor._PACKAGES", ("no-such-package",))
    assert "pipx install --force '.[gpu]'" in " ".join(seekline("doctor").out.split())


@pytest.mark.parametrize("command", [["complete", "main.py:2:12"], ["prompt", "main.py:2:12"], ["doctor"]])
def test_a_folder_that_a_workspace_names_is_refused_until_it_is_agreed_to(
    seekline: Seekline, file: str, tmp_path: Path, command: list[str]
) -> None:
    folder = save_llama(tmp_path / "a model").resolve()
    (tmp_path / "seekline.toml").write_text('model = "./a model"', "utf-8")
    run = seekline(*command)
    assert run.code == (1 if command == ["doctor"] else 2)
    assert f"seekline models trust '{folder}'" in run.err + run.out
    assert seekline("models", "trust", "./a model").code == 0
    run = seekline(*command)
    assert run.code == 0, run.err
    assert seekline("models", "trust").out == f"{folder}\n"
    assert seekline("models", "trust", "./a model", "--forget").code == 0
    assert seekline("models", "trust").out == ""
    assert seekline(*command).code != 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["./nowhere"], "There is no folder or file"),
        (["./nowhere", "--forget"], "is not agreed to"),
        (["--forget"], "--forget needs a folder"),
    ],
)
def test_what_cannot_be_agreed_to(seekline: Seekline, arguments: list[str], message: str) -> None:
    run = seekline("models", "trust", *arguments)
    assert run.code == 2
    assert message in " ".join(run.err.split())


def test_a_folder_on_the_command_line_is_relative_to_the_current_one_and_needs_no_agreement(
    seekline: Seekline, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_llama(tmp_path / "inner" / "model").resolve()
    (tmp_path / "seekline.toml").write_text("", "utf-8")
    monkeypatch.chdir(tmp_path / "inner")
    run = seekline("complete", "../main.py:2:12", "--json", "--model", "./model")
    assert run.json["model"] == str(folder)
    assert f"There is no folder or file {folder.parent / 'nowhere'}." in " ".join(
        seekline("complete", "../main.py:2:12", "--model", "./nowhere").err.split()
    )


def test_more_threads_than_the_machine_has_are_said_and_not_taken(
    seekline: Seekline, file: str, tmp_path: Path
) -> None:
    (tmp_path / "seekline.toml").write_text("threads = 1024", "utf-8")
    run = seekline("complete", f"{file}:2:12", "--json")
    assert run.code == 0
    most = model.most_threads()
    assert f"threads = 1024 is more than this machine runs at a time: {most} are used" in " ".join(run.err.split())


def without_fill_in_the_middle(folder: Path) -> Path:
    path = save_llama(folder) / "tokenizer.json"
    path.write_text(path.read_text("utf-8").replace("<｜fim▁hole｜>", "<another>"), "utf-8")
    return folder


@pytest.mark.parametrize("command", ["complete", "prompt"])
def test_a_model_without_fill_in_the_middle_is_said_to_be_one(
    seekline: Seekline, file: str, tmp_path: Path, command: str
) -> None:
    folder = without_fill_in_the_middle(tmp_path / "model")
    run = seekline(command, f"{file}:2:12", "--model", str(folder))
    assert run.code == 0
    assert run.err.count("completes left to right only") == 1
    assert "completes left to right only" not in seekline(command, f"{file}:2:12").err


@pytest.mark.parametrize("command", ["complete", "prompt"])
def test_a_prompt_format_whose_tokens_the_model_lacks(
    seekline: Seekline, file: str, tmp_path: Path, command: str
) -> None:
    folder = without_fill_in_the_middle(tmp_path / "model")
    (tmp_path / "seekline.toml").write_text('prompt_format = "deepseek-coder"', "utf-8")
    run = seekline(command, f"{file}:2:12", "--model", str(folder))
    assert run.code == 2
    said = " ".join(run.err.split())
    assert f'prompt_format = "deepseek-coder" needs the control token <｜fim▁hole｜>, which {folder} does' in said
    assert 'one that fits this model: "plain"' in said


def test_serve_refuses_a_wrong_address(seekline: Seekline) -> None:
    for address in ("9257", "localhost:x", "127.0.0.1:99999"):
        run = seekline("serve", "--tcp", address)
        assert run.code == 2
        assert "is no address" in run.err


def test_version(seekline: Seekline) -> None:
    assert seekline("--version").out.startswith("seekline 0.")
