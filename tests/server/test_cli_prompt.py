"""`seekline prompt`: what it shows of one place, and of many, and how it says what is wrong."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import Run, Seekline
from project_files import write
from seekline import model

EMBEDDED = str(model.embedded_folder())
DEEPSEEK = Path(__file__).parents[3] / "shared" / "data" / "deepseek-coder-tokenizer"
KEYS = ["prompt", "tokens", "prefix", "suffix", "pieces", "parts", "must_start"]
MAIN = "from shapes import Circle\n\n\ndef area(circle: Circle) -> float:\n    return circle.\n"
PLACE = "main.py:5:19"
SHAPES = "class Circle:\n    def surface(self) -> float:\n        return 3.0\n"
ROW = {"id": 1, "file": "main.py", "line": 5, "column": 19}


@pytest.fixture(autouse=True)
def prompted_as_a_large_model(own_home: Path) -> None:
    """With the suffix and other files in the prompt, which the embedded model itself is not given."""
    write(own_home / "config" / "seekline", {"seekline.toml": 'prompt_format = "deepseek-coder"\n'})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path, {"main.py": MAIN, "shapes.py": SHAPES, ".git/HEAD": ""})


@pytest.fixture
def batch(seekline: Seekline, tmp_path: Path) -> Seekline:
    """Answers a batch of rows, as a file; a row that is text stands as it is."""

    def run(*rows: Any) -> Run:
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        write(tmp_path, {"batch.jsonl": "".join(line + "\n" for line in lines)})
        return seekline("prompt", "--batch", "batch.jsonl", "--tokenizer", EMBEDDED)

    return run


def ids_of(answer: Any, folder: str | Path = EMBEDDED) -> int:
    """The tokens of an answer, counted piece by piece."""
    tokenizer = model.Tokenizer(Path(folder))
    texts = [piece["text"] for piece in answer["pieces"] if "text" in piece]
    return sum("special" in piece for piece in answer["pieces"]) + sum(len(tokenizer.encode_text(t)) for t in texts)


def test_as_json(seekline: Seekline, file: str) -> None:
    answer = seekline("prompt", f"{file}:2:12", "--json").json
    assert list(answer) == KEYS
    assert answer["prefix"] + answer["must_start"] == "def add(first, second):\n    return "
    assert answer["suffix"] == "first + second\n\n\nprint(add(1, 2))\n"
    assert answer["prompt"] == "".join(piece.get("text") or piece["special"] for piece in answer["pieces"])
    assert answer["tokens"] == ids_of(answer)
    assert answer["parts"] == []


def test_parts_say_where_they_come_from_and_why(seekline: Seekline, project: Path) -> None:
    answer = seekline("prompt", PLACE, "--json").json
    (part,) = answer["parts"]
    assert list(part) == ["path", "kind", "reason", "tokens"]
    assert part["path"] == "shapes.py"
    assert part["reason"].startswith("type of receiver `circle`")
    assert 0 < part["tokens"] < answer["tokens"]
    head, found, rest = answer["prefix"].partition("# main.py\n")
    assert found
    assert head.startswith("# shapes.py\nclass Circle:\n")
    assert rest == MAIN[:-1]


def test_for_people_it_shows_the_prompt_and_the_reasons(seekline: Seekline, project: Path) -> None:
    run = seekline("prompt", PLACE)
    assert "class Circle:" in run.out
    assert "return circle.<｜fim▁hole｜>" in run.out
    assert "type of receiver `circle`" in " ".join(run.err.split())
    assert "\x1b" not in run.out, "no colours where no one sees them"


@pytest.mark.parametrize("tokens", [8, 9, 17, 40, 64, 200, 1024, 4096])
def test_never_more_tokens_than_asked_for(seekline: Seekline, project: Path, tokens: int) -> None:
    write(project, {"main.py": MAIN + "".join(f"value_{n} = {n} * 'é🙂'\n" for n in range(400))})
    answer = seekline("prompt", PLACE, "--tokens", str(tokens), "--json", "--tokenizer", EMBEDDED).json
    assert answer["tokens"] == ids_of(answer) <= tokens
    assert not answer["parts"] if tokens < 40 else tokens < 200 or answer["parts"]


@pytest.mark.skipif(not DEEPSEEK.is_dir(), reason=f"needs DeepSeek Coder's tokenizer at {DEEPSEEK}")
def test_another_tokenizer_counts(seekline: Seekline, project: Path) -> None:
    answer = seekline("prompt", PLACE, "--json", "--tokenizer", str(DEEPSEEK)).json
    assert answer["tokens"] == ids_of(answer, DEEPSEEK) != ids_of(answer)
    assert [part["path"] for part in answer["parts"]] == ["shapes.py"]


def test_with_a_tokenizer_neither_torch_nor_transformers_is_imported(project: Path) -> None:
    code = (
        "import atexit, sys; from seekline.server.cli import main\n"
        "heavy = ('torch', 'transformers', 'numpy', 'pygls', 'huggingface_hub')\n"
        "atexit.register(lambda: print([name for name in heavy if name in sys.modules], file=sys.stderr))\n"
        "main()"
    )
    command = [sys.executable, "-c", code, "prompt", PLACE, "--json", "--tokenizer", EMBEDDED]
    ended = subprocess.run(command, cwd=project, capture_output=True, encoding="utf-8", check=True)
    assert list(json.loads(ended.stdout)) == KEYS
    assert ended.stderr.strip() == "[]"


def test_a_place_at_the_very_end_and_in_an_empty_file(seekline: Seekline, file: str, tmp_path: Path) -> None:
    assert seekline("prompt", f"{file}:6:1", "--json").json["suffix"] == ""
    (tmp_path / "empty.py").touch()
    assert seekline("prompt", "empty.py:1:1", "--json").json["prefix"] == ""


def test_columns_are_characters(seekline: Seekline, tmp_path: Path) -> None:
    (tmp_path / "emoji.py").write_text("x = '🙂é'\x0c + y\n", "utf-8")
    answer = seekline("prompt", "emoji.py:1:8", "--json").json
    assert answer["prefix"] + answer["must_start"] == "x = '🙂é"


@pytest.mark.parametrize(
    "name", ["build/main.py", "ignored.py", "main.py~", ".hidden/main.py", "node_modules/a/main.py"]
)
def test_a_file_that_the_repository_ignores_still_gets_a_prompt(seekline: Seekline, project: Path, name: str) -> None:
    write(project, {".gitignore": "build/\nignored.py\n*~\n", name: "import os\nprint(os.\n"})
    answer = seekline("prompt", f"{name}:2:10", "--json", "--tokenizer", EMBEDDED).json
    assert answer["prefix"].endswith("import os\nprint(os.")


def test_a_batch_answers_each_line_in_order(batch: Seekline, seekline: Seekline, project: Path) -> None:
    rows = [{**ROW, "id": "first"}, "", {**ROW, "id": {"any": ["thing"]}, "file": str(project / "main.py")}, "  "]
    answers = batch(*rows, {**ROW, "id": None, "line": 1, "column": 1}).rows
    assert [answer.pop("id") for answer in answers] == ["first", {"any": ["thing"]}, None]
    assert all(list(answer) == KEYS for answer in answers)
    single = [
        seekline("prompt", place, "--json", "--tokenizer", EMBEDDED).json for place in (PLACE, PLACE, "main.py:1:1")
    ]
    assert answers == single


def test_a_batch_may_name_tokens_on_each_line(batch: Seekline, project: Path) -> None:
    small, default, null = batch({**ROW, "tokens": 30}, ROW, {**ROW, "tokens": None, "text": None}).rows
    assert small["tokens"] <= 30 < default["tokens"]
    assert null == default


def test_a_batchs_text_replaces_the_disks(batch: Seekline, project: Path) -> None:
    """Also in what the project sees of the file: the import that only the buffer has finds its file."""
    write(project, {"main.py": "nothing\n", "colours.py": "class Colour:\n    def mixed(self) -> 'Colour': ...\n"})
    text = MAIN.replace("shapes", "colours").replace("Circle", "Colour")
    plain, replaced = batch({**ROW, "line": 1, "column": 8}, {**ROW, "text": text}).rows
    assert (plain["prefix"] + plain["must_start"]).endswith("nothing")
    assert (replaced["prefix"] + replaced["must_start"]).endswith(text[:-1])
    assert [part["path"] for part in replaced["parts"]] == ["colours.py"]
    assert "nothing" not in replaced["prompt"]


def test_a_text_may_hold_anything(batch: Seekline, project: Path) -> None:
    rows = [
        {**ROW, "line": 1, "column": 1, "text": text} for text in ("", "\ud800 = 1\n", "\0", "<｜fim▁hole｜>", "\r\r\n")
    ]
    run = batch(*rows)
    assert run.code == 0
    assert len(run.rows) == len(rows)


def test_a_batch_lists_the_workspace_once(batch: Seekline, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from seekline.server.workspace.listing import Lister

    listed = []
    whole = Lister.whole
    monkeypatch.setattr(Lister, "whole", lambda lister: listed.append(lister) or whole(lister))
    assert len(batch(*[{**ROW, "text": MAIN + f"# {n}\n"} for n in range(30)], *[ROW] * 30).rows) == 60
    assert len(listed) == 1


def test_a_batch_from_standard_input_is_answered_line_by_line(project: Path) -> None:
    command = [sys.executable, "-m", "seekline.server", "prompt", "--batch", "-", "--tokenizer", EMBEDDED]
    with subprocess.Popen(
        command, cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(2):
            process.stdin.write(
                json.dumps({**ROW, "id": number, "text": MAIN + "# é"}, ensure_ascii=False).encode() + b"\n"
            )
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "batch.jsonl:3 is not JSON"),
        ("[" * 100_000, "batch.jsonl:3 is more than 64 levels deep"),
        ("3", "batch.jsonl:3 is no JSON object"),
        *[({k: v for k, v in ROW.items() if k != key}, f'batch.jsonl:3 has no "{key}"') for key in ROW],
        ({**ROW, "file": 3}, 'batch.jsonl:3 has a "file" of a wrong type: 3'),
        ({**ROW, "line": "5"}, 'batch.jsonl:3 has a "line" of a wrong type: "5"'),
        ({**ROW, "line": True}, 'batch.jsonl:3 has a "line" of a wrong type: true'),
        ({**ROW, "column": 1.5}, 'batch.jsonl:3 has a "column" of a wrong type: 1.5'),
        ({**ROW, "column": None}, 'batch.jsonl:3 has a "column" of a wrong type: null'),
        ({**ROW, "text": 1}, 'batch.jsonl:3 has a "text" of a wrong type: 1'),
        ({**ROW, "tokens": "many"}, 'batch.jsonl:3 has a "tokens" of a wrong type'),
        ({**ROW, "tokens": 0}, 'batch.jsonl:3 asks for 0 "tokens". Ask for 8 or more.'),
        ({**ROW, "file": "nothing.py"}, "batch.jsonl:3: There is no file nothing.py"),
        ({**ROW, "file": "a\0b"}, "cannot be read"),
        ({**ROW, "line": 99}, "batch.jsonl:3: main.py has no line 99. It has lines 1 to 6."),
        ({**ROW, "column": 99}, "batch.jsonl:3: Line 5 of main.py has no column 99. It has columns 1 to 19."),
        ({**ROW, "text": "x", "line": 2}, "batch.jsonl:3: main.py has no line 2. It has lines 1 to 1."),
    ],
)
def test_a_bad_line_of_a_batch(batch: Seekline, project: Path, row: Any, message: str) -> None:
    """What came before it is answered, and what is wrong said in one line."""
    run = batch({**ROW, "id": "before"}, "", row, ROW)
    assert run.code == 2
    assert [answer["id"] for answer in run.rows] == ["before"]
    assert message in run.err
    assert run.err.count("\n") == 1


def test_a_line_that_is_no_text(seekline: Seekline, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbf\n\xff\n")))
    run = seekline("prompt", "--batch", "-", "--tokenizer", EMBEDDED)
    assert run.code == 2
    assert "-:1 is not JSON" in run.err or "-:2 is not JSON" in run.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Name one place, or give --batch. Write FILE:LINE:COLUMN"),
        ([PLACE, "--batch", "batch.jsonl"], "Name one place, or give --batch"),
        (["--batch", "nothing.jsonl"], "nothing.jsonl cannot be read: No such file or directory. Give a file of JSON"),
        (["--batch", "."], ". cannot be read"),
        ([PLACE, "--tokenizer", "."], "has no tokenizer.json"),
        ([PLACE, "--tokenizer", "nowhere"], "nowhere has no tokenizer.json"),
        ([PLACE, "--tokenizer", "broken"], "is not JSON"),
    ],
)
def test_bad_options(seekline: Seekline, project: Path, arguments: list[str], message: str) -> None:
    write(project, {"broken/tokenizer.json": "{", "batch.jsonl": ""})
    run = seekline("prompt", *arguments)
    assert run.code == 2
    assert message in run.err
    assert run.err.count("\n") == 1
    assert run.out == ""


def test_too_few_tokens_are_refused(seekline: Seekline, project: Path) -> None:
    assert seekline("prompt", PLACE, "--tokens", "3").code == 2
