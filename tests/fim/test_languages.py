import json
from pathlib import Path

import pytest
from seekline import fim
from seekline.fim.languages import blocks_of, language_named, names_of

DEEPSEEK_LIST = Path(__file__).parents[3] / "shared" / "data" / "deepseek_coder_languages.json"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("src/main.py", "python"),
        ("a/B.TSX", "typescript"),
        ("Dockerfile", "dockerfile"),
        ("C:\\x\\CMakeLists.txt", "cmake"),
        ("x.h", "c"),
        ("x.hpp", "cpp"),
        ("README", None),
        ("x.unknown", None),
    ],
)
def test_language_of_path(path: str, name: str | None) -> None:
    language = fim.language_of_path(path)
    assert (language.name if language else None) == name


@pytest.mark.parametrize(
    ("id", "name"),
    [("typescriptreact", "typescript"), ("shellscript", "shell"), ("c-sharp", "c-sharp"), ("csharp", "c-sharp")],
)
def test_language_named_by_editors_and_by_deepseek(id: str, name: str) -> None:
    language = fim.language_named(id)
    assert language is not None
    assert language.name == name


def test_every_language_has_one_comment_syntax_and_names_of_its_own() -> None:
    languages = fim.all_languages().values()
    for language in languages:
        assert (language.line_comment is None) != (language.block_comment is None), language.name
    for words in (
        [word for language in languages for word in language.lsp_ids],
        [ending for language in languages for ending in language.extensions],
        [name for language in languages for name in language.filenames],
    ):
        assert len(words) == len(set(words))


@pytest.mark.skipif(not DEEPSEEK_LIST.is_file(), reason="../shared is not here")
def test_the_list_is_deepseeks_and_swift() -> None:
    assert set(fim.all_languages()) == {*json.loads(DEEPSEEK_LIST.read_text("utf-8")), "swift"}


def test_blocks_of_a_language_and_of_none() -> None:
    common = blocks_of(None)
    assert {":", "{", "do"} <= set(common.openers)
    assert {"}", "end"} <= set(common.closers)
    assert all(blocks_of(language) == language.blocks for language in fim.all_languages().values())


@pytest.mark.parametrize(
    ("language", "line", "name"),
    [
        ("python", "print(grö", "grö"),
        ("python", "名前 = 日本", "日本"),
        ("python", "x = e\u0301te\u0301", "e\u0301te\u0301"),
        ("python", "@dec", "dec"),
        ("python", "x = a-b", "b"),
        ("python", "x = ", ""),
        ("python", "", ""),
        ("css", "  margin-le", "margin-le"),
        ("css", "  color: var(--ma", "--ma"),
        ("css", "@med", "@med"),
        ("php", "return $tot", "$tot"),
        ("php", "return $", "$"),
        ("php", "$this->na", "na"),
        ("shell", 'echo "$HO', "$HO"),
        ("perl", "my @li", "@li"),
        ("javascript", "a?.b", "b"),
        ("javascript", "jQuery.$el", "$el"),
        ("javascript", "this.#cou", "#cou"),
        ("ruby", "items.empty?", "empty?"),
        ("ruby", "@@cou", "@@cou"),
        ("ruby", "!val", "val"),
        ("ruby", "x ?", ""),
        ("clojure", "(when-not (seq->li", "seq->li"),
        ("scheme", "(set! *to", "*to"),
        ("haskell", "foldl'", "foldl'"),
        ("html", '<div data-na', "data-na"),
        ("tex", r"\beg", r"\beg"),
        (None, "gr\u00f6\u00dfe_2", "gr\u00f6\u00dfe_2"),
    ],
)  # fmt: skip
def test_the_name_at_a_lines_end(language: str | None, line: str, name: str) -> None:
    assert names_of(None if language is None else language_named(language)).before(line) == name
