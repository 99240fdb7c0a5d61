"""A small random model with a chat template."""

from __future__ import annotations

import json
from pathlib import Path

from tiny_models import save_llama

# The form of DeepSeek Coder's instruct models, with the embedded model's control tokens.
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ '### Instruction:\\n' + message['content'] + '\\n' }}"
    "{% else %}{{ message['content'] + '\\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '### Response:' }}{% endif %}"
)


def save_chat_model(folder: Path) -> Path:
    """See `save_llama`."""
    save_llama(folder)
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": TEMPLATE}), "utf-8")
    return folder
