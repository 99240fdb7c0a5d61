"""What a whole file says: its imports, its definitions, and how well it parses."""

from __future__ import annotations

from memory_project import MemoryProject
from seekline.fim import file_facts

FILES = {
    "app.py": "from db import find\nimport os\nimport app\n\n\ndef run():\n    return find()\n",
    "db.py": "def find(): ...\n",
    "half.py": "def fine():\n    return 1\n\n\n" + "if ) else ((\n" * 8,
    "none.py": "",
    "README.md": "# Words\n",
}


def test_what_a_file_imports_and_defines() -> None:
    facts = file_facts("app.py", MemoryProject(FILES))
    assert facts is not None
    assert facts.imports == {"db.py"}
    assert [definition.name for definition in facts.definitions] == ["run"]
    assert facts.error_share == 0.0


def test_how_much_of_a_file_is_an_error() -> None:
    facts = file_facts("half.py", MemoryProject(FILES))
    assert facts is not None
    assert 0.4 < facts.error_share <= 1.0


def test_an_empty_file_has_no_error() -> None:
    facts = file_facts("none.py", MemoryProject(FILES))
    assert facts is not None
    assert (facts.imports, facts.error_share) == (frozenset(), 0.0)


def test_files_without_a_grammar_say_nothing() -> None:
    assert file_facts("README.md", MemoryProject(FILES)) is None
    assert file_facts("missing.py", MemoryProject(FILES)) is None
