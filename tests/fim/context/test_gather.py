"""What the golden files cannot say: budgets, stickiness, the receiver, the order of parts."""

import random

import pytest
from marked import place
from memory_project import MemoryProject
from seekline import fim
from seekline.fim.code import grammar_of
from seekline.fim.context import NOTHING, Context, gather
from seekline.fim.context.evidence.kinds import collect_evidence
from seekline.fim.context.names.members import Names
from seekline.fim.context.scope import read_scope

CLIENT = """class Base:
    def close(self) -> None:
        pass


class Client(Base):
    \"\"\"Talks to a server.\"\"\"

    def __init__(self, host: str) -> None:
        self.host = host

    def fetch(self, url: str) -> "Response":
        return Response(url)


class Response:
    body: str
"""
FILES = {
    "app/client.py": CLIENT,
    "app/settings.py": "TIMEOUT_S = 3\n\n\ndef load_settings(path: str) -> dict:\n    return {}\n",
    "app/unrelated.py": "def never_needed() -> None:\n    pass\n",
}
IMPORTS = "from .client import Client\nfrom .settings import load_settings\n\n"


def words(text: str) -> int:
    return len(text.split()) + 1


def context_of(code: str, files: dict[str, str] = FILES, *, tokens: int = 500, previous: Context = NOTHING) -> Context:
    document, cursor = place(code, "app/main.py")
    return gather(document, cursor, MemoryProject(files), tokens, words, previous)


def test_reasons_and_kinds_are_told() -> None:
    (part,) = (p for p in context_of(IMPORTS + 'c = Client("x")\nc.▮\n').parts if p.path == "app/client.py")
    assert "type of receiver `c`" in part.reason
    assert part.text.startswith("# app/client.py\nclass")
    assert part.text.endswith("\n\n")
    assert part.tokens == sum(map(words, fim.split_lines(part.text)))


def test_what_nothing_leads_to_is_neither_shown_nor_parsed() -> None:
    project = MemoryProject(FILES)
    document, cursor = place(IMPORTS + "▮\n", "app/main.py")
    context = gather(document, cursor, project, 500, words)
    assert "never_needed" not in context.text
    assert "app/unrelated.py" not in project.parsed


def test_anchors_are_the_imports_and_the_heads_around_the_cursor() -> None:
    code = IMPORTS + "class App:\n    def run(self):\n        x = 1\n        ▮\n"
    assert context_of(code).anchors == (0, 1, 3, 4)


def test_dependencies_come_before_dependents() -> None:
    files = {
        "app/a.py": "from .b import B\n\n\nclass A(B):\n    pass\n",
        "app/b.py": "from .c import C\n\n\nclass B(C):\n    pass\n",
        "app/c.py": "class C:\n    pass\n",
    }
    context = context_of("from .a import A\nfrom .b import B\nfrom .c import C\n\n▮\n", files)
    assert [part.path for part in context.parts] == ["app/c.py", "app/b.py", "app/a.py"]


LINES = ["c = Client('x')", "r = c.fetch('u')", "print(r.body)", "c.close()", "s = load_settings('p')", "print(s)"]


def test_typing_inside_a_function_keeps_the_context_token_by_token() -> None:
    head = IMPORTS + "\ndef main() -> None:\n"
    previous = context_of(head + "    ▮\n")
    first = previous.text
    typed = "".join(f"    {line}\n" for line in LINES)
    for end in range(1, len(typed)):
        previous = context_of(head + typed[:end] + "▮\n", previous=previous)
        assert previous.text == first


def test_a_new_import_is_a_better_choice() -> None:
    before = context_of("from .client import Client\n\n▮\n")
    assert "load_settings" not in before.text
    after = context_of(IMPORTS + "▮\n", previous=before)
    assert "def load_settings(path: str) -> dict:" in after.text


def test_a_changed_file_is_not_shown_as_it_was() -> None:
    code = IMPORTS + 'c = Client("x")\nc.▮\n'
    before = context_of(code)
    files = FILES | {"app/client.py": CLIENT.replace("url: str", "address: str")}
    after = context_of(code, files, previous=before)
    assert "def fetch(self, address: str)" in after.text


def test_budget_is_never_exceeded_and_the_choice_is_deterministic() -> None:
    chance = random.Random(7)
    for _ in range(150):
        lines = [chance.choice(LINES) for _ in range(chance.randrange(6))]
        code = (
            IMPORTS + "".join(line + "\n" for line in lines) + chance.choice(["c.▮", "▮", "load_▮", "Client(▮"]) + "\n"
        )
        tokens = chance.randrange(120)
        context = context_of(code, tokens=tokens)
        assert sum(map(words, fim.split_lines(context.text))) == context.tokens <= tokens
        assert context == context_of(code, tokens=tokens)
        paths = [part.path for part in context.parts]
        assert len(paths) == len(set(paths))
        assert "app/main.py" not in paths


@pytest.mark.parametrize("code", ["▮", "(((▮", "from . import ▮", "\ud800▮", "c.▮\x00", "class\n▮\n  def", "'''▮"])
def test_odd_code_is_no_error(code: str) -> None:
    context_of(code)


def test_windows_of_open_files_where_nothing_is_known_of_the_language() -> None:
    recipe = "boil water\nadd noodles\nstir gently\n"
    document, cursor = place("heat water\nadd noodles\n▮", "soup.tex")
    project = MemoryProject({"pasta.tex": recipe, "other.tex": "nothing alike here\n"}, recent=["pasta.tex"])
    (part,) = gather(document, cursor, project, 200, words).parts
    assert (part.path, part.kind) == ("pasta.tex", "similar")
    assert part.text == "% pasta.tex\n" + recipe + "\n"


def test_every_member_of_a_large_receiver_is_noted_as_such() -> None:
    methods = "".join(f"    def step_{number}(self) -> None:\n        pass\n\n" for number in range(250))
    document, cursor = place("from lib.client import Client\n\nclient = Client()\nclient.▮\n", "main.py")
    grammar = grammar_of(document.path, document.language)
    assert grammar is not None
    scope = read_scope(document, cursor, grammar)
    project = MemoryProject({"lib/client.py": f"class Client:\n{methods}"})
    evidence = collect_evidence(scope, Names(project, document, scope.outline, grammar))
    assert sum("receiver" in facts for facts in evidence.facts.values()) == 250


def test_a_type_that_a_file_beside_uses_is_found_in_a_package_of_many_files() -> None:
    files = {f"src/other/File{number}.cs": "namespace Acme;\n" for number in range(80)}
    files["src/App.csproj"] = "<Project></Project>"
    files["src/Keywords.cs"] = "namespace Acme;\n\npublic class Keywords : Pairs\n{\n}\n"
    files["src/types/Pairs.cs"] = "namespace Acme;\n\npublic class Pairs\n{\n}\n"
    document, cursor = place("namespace Acme;\n\npublic class Main : ▮\n", "src/Main.cs")
    context = gather(document, cursor, MemoryProject(files), 200, words)
    assert "public class Pairs" in context.text
