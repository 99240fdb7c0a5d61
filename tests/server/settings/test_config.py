"""Where settings come from, which one wins, and what is said of wrong ones."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from seekline.server.settings.config import (
    SettingsLayer,
    command_line_layer,
    editor_layer,
    file_layers,
    merge,
    read_file,
    user_file,
    workspace_of,
)
from seekline.server.settings.settings import editor_key, keys, others_may


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def messages(*layers: SettingsLayer) -> list[str]:
    return [problem.message for problem in merge(layers).problems]


def test_defaults() -> None:
    config = merge([])
    assert config.settings.model == "auto"
    assert config.settings.debounce_ms == "auto"
    assert set(config.sources.values()) == {"default"}


def test_stronger_sources_win(tmp_path: Path) -> None:
    write(user_file(), 'model = "user"\ndevice = "cpu"\nthreads = 1\ntemperature = 0.5')
    workspace_file = write(tmp_path / "seekline.toml", 'model = "workspace"\ndevice = "mps"\nthreads = 2')
    editor = editor_layer({"model": "editor", "device": "cuda"})
    config = merge([*file_layers(tmp_path), editor, command_line_layer({"model": "option", "device": None})])
    settings = config.settings
    assert (settings.model, settings.device, settings.threads, settings.temperature) == ("option", "cuda", 2, 0.5)
    assert [config.sources[key] for key in ("model", "device", "threads", "temperature", "dtype")] == [
        "command line",
        "editor",
        str(workspace_file),
        str(user_file()),
        "default",
    ]


def test_tables_merge_entry_by_entry(tmp_path: Path) -> None:
    write(user_file(), "languages = { markdown = false, python = false }")
    config = merge([*file_layers(None), editor_layer({"languages": {"python": True}})])
    assert config.settings.languages == {"markdown": False, "python": True}


@pytest.mark.parametrize("raw", [{"maxNewTokens": 7}, {"seekline": {"maxNewTokens": 7}}])
def test_an_editors_json(raw: object) -> None:
    assert merge([editor_layer(raw)]).settings.max_new_tokens == 7


def test_what_an_editors_client_keeps_for_itself_is_no_setting() -> None:
    assert editor_layer({"command": ["seekline", "serve"], "trace": {"server": "off"}}).problems == ()
    assert editor_layer({"editorInfo": {"name": "x"}, "editorPluginInfo": {"name": "y"}}).problems == ()


def test_null_means_not_set() -> None:
    assert editor_layer({"model": None}).values == {}
    assert editor_layer(None).values == {}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"maxTokens": 3}, "there is no setting 'maxTokens'. Did you mean maxNewTokens?"),
        ({"max_new_tokens": 3}, "there is no setting 'max_new_tokens'. Did you mean maxNewTokens?"),
        ({"qqq": 3}, "there is no setting 'qqq'. `seekline config` lists the settings."),
        ({"device": "gpu"}, 'device must be "auto", "cpu", "mps", "cuda" or "cuda:1", not "gpu".'),
        (
            {"quantization": "int3"},
            'quantization must be one of "auto", "none", "int8", "nf4", "int4", or of a GGUF file, as "q4_k_m", '
            'not "int3".',
        ),
        ({"contextTokens": "many"}, 'contextTokens must be "auto" or a whole number from 64 to 163840, not "many".'),
        ({"maxNewTokens": 0}, "maxNewTokens must be -1 or a whole number from 1 to 2048, not 0."),
        ({"temperature": "hot"}, 'temperature must be a number from 0 to 2, not "hot".'),
        ({"exclude": "*.md"}, 'exclude must be a list, each item a text, not "*.md".'),
        ({"languages": {"pyton": False}}, "there is no language 'pyton'. Did you mean python?"),
        (
            {"languages": ["python"]},
            'languages must be a table, each value true or false or one of "eager", "subtle", not [\'python\'].',
        ),
        ([1], "the settings must be an object, not [1]."),
        ("x", "the settings must be an object, not 'x'."),
    ],
)
def test_what_is_wrong_is_named(raw: object, message: str) -> None:
    assert messages(editor_layer(raw)) == [message]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"offline": "yes"}, 'offline must be true or false, not "yes".'),
        ({"trust_remote_code": True}, "trust_remote_code must be a list, each item a text, not true."),
    ],
)
def test_what_is_wrong_with_the_users_own_is_named(raw: dict[str, object], message: str) -> None:
    assert messages(command_line_layer(raw)) == [message]


def test_a_wrong_value_leaves_the_weaker_one(tmp_path: Path) -> None:
    write(user_file(), "max_new_tokens = 7")
    config = merge([*file_layers(None), editor_layer({"maxNewTokens": -2, "debounceMs": 3})])
    assert (config.settings.max_new_tokens, config.settings.debounce_ms) == (7, 3)


def test_a_toml_file_uses_snake_case(tmp_path: Path) -> None:
    layer = read_file(write(tmp_path / "seekline.toml", "maxNewTokens = 3\ndebounce_ms = 5"), own=True)
    assert layer is not None
    assert layer.values == {"debounce_ms": 5}
    assert messages(layer) == ["there is no setting 'maxNewTokens'. Did you mean max_new_tokens?"]


def test_a_broken_file_is_named_and_counts_as_empty(tmp_path: Path) -> None:
    path = write(tmp_path / "seekline.toml", 'model = "x\n')
    layer = read_file(path, own=False)
    assert layer is not None
    problem = merge([layer]).problems[0]
    assert problem.fatal
    assert str(problem).startswith(f"{path}: this is not TOML: ")
    assert "line 1" in problem.message
    assert merge([layer]).settings.model == "auto"


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "seekline.toml"
    path.write_bytes(b"model = '\xff'")
    layer = read_file(path, own=True)
    assert layer is not None
    assert layer.problems[0].fatal


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    layer = read_file(write(tmp_path / "seekline.toml", "\ufeffdebounce_ms = 5"), own=True)
    assert layer is not None
    assert layer.values == {"debounce_ms": 5}


VALUES = {
    "packed_model": "/evil/file",
    "trust_remote_code": ["evil/model"],
    "offline": False,
    "libraries": True,
    "statistics": False,
    "remote_url": "https://evil.example/v1",
    "remote_model": "another",
    "remote_tokenizer": "owner/name",
    "remote_prompt": "text",
    "remote_key": "env:TOKEN",
    "share": False,
    "engine_keep_seconds": "always",
    "engine_memory_gb": 0.5,
}


@pytest.mark.parametrize("key", [key for key in keys() if others_may(key) == "nothing"])
@pytest.mark.parametrize("where", ["workspace", "editor", "editor's section"])
def test_neither_a_workspace_nor_an_editor_can_loosen_what_protects_the_user(
    tmp_path: Path, key: str, where: str
) -> None:
    write(user_file(), "offline = true")
    own = merge(file_layers(None)).settings
    value = VALUES[key]
    if where == "workspace":
        write(tmp_path / "seekline.toml", f"{key} = {json.dumps(value)}")
        layers = file_layers(tmp_path)
    else:
        raw = {editor_key(key): value}
        layers = [*file_layers(None), editor_layer(raw if where == "editor" else {"seekline": raw})]
    config = merge(layers)
    assert config.settings == own
    (problem,) = config.problems
    assert "is ignored here, since a repository could set it" in problem.message
    assert str(user_file()) in problem.message
    assert f"--{key.replace('_', '-')}" in problem.message


@pytest.mark.parametrize("key", VALUES)
def test_the_users_own_file_and_command_line_can(key: str) -> None:
    value = VALUES[key]
    write(user_file(), f"{key} = {json.dumps(value)}")
    for config in (merge(file_layers(None)), merge([command_line_layer({key: value})])):
        assert config.problems == ()
        assert config.settings.model_dump(mode="json")[key] == value


def test_others_can_only_add_to_what_is_excluded(tmp_path: Path) -> None:
    default = merge([]).settings.exclude
    assert merge([editor_layer({"exclude": []})]).settings.exclude == default
    write(tmp_path / "seekline.toml", 'exclude = ["made/", ".env"]')
    config = merge([*file_layers(tmp_path), editor_layer({"exclude": ["more/"]})])
    assert config.settings.exclude == (*default, "made/", "more/")
    write(user_file(), 'exclude = ["private/"]')
    config = merge([*file_layers(tmp_path), editor_layer({"exclude": []})])
    assert config.settings.exclude == ("private/", "made/", ".env")


@pytest.mark.parametrize("pattern", ["!.env", " !.env"])
def test_others_cannot_take_back_what_is_excluded_by_a_pattern(pattern: str) -> None:
    config = merge([editor_layer({"exclude": ["x", pattern]})])
    assert config.settings.exclude == merge([]).settings.exclude
    assert "may only add here" in config.problems[0].message
    assert merge([command_line_layer({"exclude": [pattern]})]).settings.exclude == (pattern,)


def test_a_folder_is_relative_to_what_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    write(user_file(), 'model = "./m"\ntrust_remote_code = ["./m", "../up/./n", "~/o", "owner/name"]')
    config = merge(file_layers(None))
    assert config.settings.model == str(user_file().parent / "m")
    assert config.settings.trust_remote_code == (
        str(user_file().parent / "m"),
        str(user_file().parent.parent / "up" / "n"),
        str(Path.home() / "o"),
        "owner/name",
    )
    workspace = tmp_path / "workspace"
    write(workspace / "seekline.toml", 'draft_model = "../m"')
    config = merge(file_layers(workspace))
    assert config.settings.draft_model == str(workspace / ".." / "m")
    assert config.by_others == {"draft_model"}
    config = merge([editor_layer({"model": "./m"}, workspace=workspace)])
    assert config.settings.model == str(workspace / "m")
    config = merge([editor_layer({"model": "./n"}), command_line_layer({"model": "./m"})])
    assert config.settings.model == str(here / "m")
    assert config.by_others == frozenset()


@pytest.mark.parametrize("name", ["auto", "embedded", "owner/name", "~/m", "/m"])
def test_what_is_no_relative_folder_stays(name: str, tmp_path: Path) -> None:
    assert merge([editor_layer({"model": name}, workspace=tmp_path)]).settings.model == name


def test_the_workspace_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "project" / "src" / "deep" / "main.py", "")
    assert workspace_of(file) == file.parent
    write(tmp_path / "project" / "src" / "package.json", "{}")
    assert workspace_of(file) == tmp_path / "project" / "src"
    monkeypatch.chdir(tmp_path / "project")
    assert workspace_of(file) == tmp_path / "project"
    write(tmp_path / "project" / "src" / "seekline.toml", "")
    assert workspace_of(file) == tmp_path / "project" / "src"


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_a_workspaces_settings_are_not_read_through_a_link(tmp_path: Path) -> None:
    outside = write(tmp_path / "outside.toml", "secret_word = 1\n")
    link = tmp_path / "workspace" / "seekline.toml"
    link.parent.mkdir()
    link.symlink_to(outside)
    layers = file_layers(link.parent)
    assert "this is a link, which is not followed" in str(merge(layers).problems)
    assert "secret_word" not in str(merge(layers).problems)
    assert "secret_word" in str(read_file(link, own=True)), "the user's own file may be a link"
