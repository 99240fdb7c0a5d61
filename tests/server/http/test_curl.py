"""The lines of docs/http.md, as they are printed but for the port."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from http_app import running, service_of
from tiny_models import save_llama

DOCUMENT = Path(__file__).parents[3] / "docs" / "http.md"


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_documents_lines(tmp_path: Path) -> None:
    folder = save_llama(tmp_path / "model")
    config = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": template}), "utf-8")
    [block] = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    with running(service_of(folder, max_new_tokens=8)) as server:
        completion, chat = (
            subprocess.run(
                ["sh", "-c", line.replace("http://127.0.0.1:8012", server.url)],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for line in block.strip().split("\n\n")
        )
    assert json.loads(completion)["choices"][0]["text"]
    events = [line.removeprefix("data: ") for line in chat.splitlines() if line]
    assert events[-1] == "[DONE]"
    assert json.loads(events[0])["choices"][0]["delta"]["role"] == "assistant"
