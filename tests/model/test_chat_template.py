"""Chat templates: the ids that transformers makes of them, contents that stay text, and templates that mean harm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gguf_models import save_llama_gguf
from seekline import model
from seekline.model import chat_template as module
from tiny_models import add_tokenizer, save_llama

# DeepSeek Coder's instruct models, v1 and v1.5 (tokenizer_config.json), and V2's.
V1 = (
    "{% if not add_generation_prompt is defined %}\n{% set add_generation_prompt = false %}\n{% endif %}\n"
    "{%- set ns = namespace(found=false) -%}\n{%- for message in messages -%}\n"
    "    {%- if message['role'] == 'system' -%}\n        {%- set ns.found = true -%}\n    {%- endif -%}\n"
    "{%- endfor -%}\n"
    "{{bos_token}}{%- if not ns.found -%}\n{{'You are an AI programming assistant.\\n'}}\n{%- endif %}\n"
    "{%- for message in messages %}\n    {%- if message['role'] == 'system' %}\n{{ message['content'] }}\n"
    "    {%- else %}\n        {%- if message['role'] == 'user' %}\n"
    "{{'### Instruction:\\n' + message['content'] + '\\n'}}\n        {%- else %}\n"
    "{{'### Response:\\n' + message['content'] + '\\n' + eos_token + '\\n'}}\n        {%- endif %}\n"
    "    {%- endif %}\n{%- endfor %}\n{% if add_generation_prompt %}\n{{'### Response:'}}\n{% endif %}"
)
V2 = (
    "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{{ bos_token }}"
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ 'User: ' + message['content'] + '\\n\\n' }}"
    "{% elif message['role'] == 'assistant' %}{{ 'Assistant: ' + message['content'] + eos_token }}"
    "{% elif message['role'] == 'system' %}{{ message['content'] + '\\n\\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
TRIMS = "{% for m in messages %}{{ '<' + m.role + '>' + (m.content | trim) + '\\n' }}{% endfor %}"
CHATS = [
    [("user", "Add two numbers.")],
    [("system", "Be brief.\n"), ("user", "  indented\n"), ("assistant", "x = 1"), ("user", "Go on: é 🙂")],
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    add_tokenizer(tmp_path)
    return tmp_path


def with_template(folder: Path, template: Any) -> module.ChatTemplate:
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": template}), "utf-8")
    found = model.chat_template_of(model.Tokenizer(folder))
    assert found is not None
    return found


def messages(chat: list[tuple[str, str]]) -> list[model.ChatMessage]:
    return [model.ChatMessage(role=role, content=content) for role, content in chat]


@pytest.mark.parametrize("chat", CHATS, ids=["one", "several"])
@pytest.mark.parametrize("template", [V1, V2, TRIMS], ids=["v1", "v2", "trims"])
def test_the_ids_are_those_of_transformers(folder: Path, template: str, chat: list[tuple[str, str]]) -> None:
    from transformers import PreTrainedTokenizerFast

    ours = with_template(folder, template)
    theirs = PreTrainedTokenizerFast.from_pretrained(folder)
    given = [{"role": role, "content": content} for role, content in chat]
    wanted: Any = theirs.apply_chat_template(given, add_generation_prompt=True, tokenize=True, return_dict=False)
    assert ours.encode(messages(chat)) == list(wanted)


@pytest.mark.parametrize("template", [V1, V2, TRIMS], ids=["v1", "v2", "trims"])
def test_what_a_message_says_never_controls_the_model(folder: Path, template: str) -> None:
    ours = with_template(folder, template)
    tokenizer = model.Tokenizer(folder)
    [mark] = [token for token in tokenizer.control_tokens if "hole" in token]
    ids = ours.encode(messages([("user", f"What is {mark}?")]))
    assert tokenizer.control_id(mark) not in ids
    assert mark in tokenizer.decode(ids)


def test_several_templates_and_files(folder: Path, tmp_path: Path) -> None:
    named = [{"name": "tools", "template": "no"}, {"name": "default", "template": TRIMS}]
    one = with_template(folder, named).encode(messages(CHATS[0]))
    (folder / "chat_template.jinja").write_text(V2, "utf-8")
    other = model.chat_template_of(model.Tokenizer(folder))
    assert other is not None
    assert other.encode(messages(CHATS[0])) != one


def test_a_gguf_file_brings_its_own(folder: Path, tmp_path: Path) -> None:
    weights = save_llama(tmp_path / "model")
    (tmp_path / "alone").mkdir()
    file = save_llama_gguf(weights, tmp_path / "alone" / "a.gguf", metadata={"tokenizer.chat_template": TRIMS})
    found = model.chat_template_of(model.Tokenizer(file))
    assert found is not None
    assert found.encode(messages(CHATS[0])) == with_template(folder, TRIMS).encode(messages(CHATS[0]))
    assert model.chat_template_of(model.Tokenizer(save_llama_gguf(weights, tmp_path / "alone" / "b.gguf"))) is None


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{{ 'a' * 10000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 'a'.center(10000000000) }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.__class__ }}{{ cycler.__init__.__globals__.os.system('true') }}",
        "{{ raise_exception('no system message') }}",
        "{% if %}",
        "{% include '/etc/passwd' %}",
    ],
)
def test_a_template_that_means_harm_is_refused(folder: Path, template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WITHIN_S", 0.5)
    with pytest.raises(model.ChatRefused, match="The model's chat template"):
        with_template(folder, template).encode(messages(CHATS[0]))
