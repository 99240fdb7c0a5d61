"""Each family's prompt, spelt as in the documentation of its model, and how a family is told by its vocabulary."""

import pytest
from fim_prompts import prompt_of
from seekline import fim

QWEN = {"<|endoftext|>", "<|im_start|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|fim_pad|>"}
GEMMA = {"<bos>", "<eos>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_separator|>"}
STARCODER2 = {"<|endoftext|>", "<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>", "<repo_name>", "<file_sep>"}
GRANITE = {"<|endoftext|>", "<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>", "<filename>", "<gh_stars>"}
MELLUM = GRANITE | {"<reponame>", "<system>", "<user>", "<assistant>"}
CODELLAMA = {"<s>", "</s>", "▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>"}
CODESTRAL = {"<s>", "</s>", "[INST]", "[PREFIX]", "[SUFFIX]", "[MIDDLE]"}
SMOLLM2 = {"<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>", "<file_sep>", "<filename>", "<gh_stars>"}
LLAMA3 = {"<|begin_of_text|>", "<|end_of_text|>"}


@pytest.mark.parametrize(
    ("tokens", "family"),
    [
        (QWEN | {"<|repo_name|>", "<|file_sep|>"}, "qwen-coder"),
        (GEMMA, "codegemma"),
        (STARCODER2, "starcoder"),
        (GRANITE, "starcoder"),
        (MELLUM, "mellum"),
        (CODELLAMA, "codellama"),
        (CODESTRAL, "codestral"),
        (SMOLLM2, "plain"),
        (LLAMA3, "plain"),
        ({"<s>", "</s>"}, "plain"),
        ({"<s>", "<PRE>", "<SUF>", "<MID>"}, "plain"),
    ],
)
def test_a_family_is_recognised_by_its_vocabulary(tokens: set[str], family: str) -> None:
    assert fim.recognise(tokens.__contains__).family == family


@pytest.mark.parametrize(
    ("family", "code", "prompt"),
    [
        # Qwen2.5-Coder's README, "Fill in the middle"
        (
            "qwen-coder",
            "def quicksort(arr):\n    pivot = ▮\n    return arr\n",
            "<|fim_prefix|>def quicksort(arr):\n    pivot = <|fim_suffix|>\n    return arr\n<|fim_middle|>",
        ),
        # ai.google.dev, "CodeGemma formatting"; its tokenizer puts the begin token before it
        (
            "codegemma",
            "import ▮\nif __name__ == '__main__':\n   sys.exit(0)",
            "<bos><|fim_prefix|>import <|fim_suffix|>\nif __name__ == '__main__':\n   sys.exit(0)<|fim_middle|>",
        ),
        # StarCoder's model card
        (
            "starcoder",
            "def print_hello_world():\n    ▮\n    print('Hello world!')",
            "<fim_prefix>def print_hello_world():\n    <fim_suffix>\n    print('Hello world!')<fim_middle>",
        ),
        # Mellum-4b-base's model card, "with additional files as context"
        (
            "mellum",
            "def calculate_sum(a, b):\n▮\n\n# Test the function\n",
            "<filename>main.py\n<fim_suffix>\n\n# Test the function\n"
            "<fim_prefix>def calculate_sum(a, b):\n<fim_middle>",
        ),
        # the paper's PSM, in the words of the vocabulary
        ("codellama", "def f(▮):\n    pass\n", "<s>▁<PRE>def f(▁<SUF>):\n    pass\n▁<MID>"),
        # mistral-common's test of `encode_fim`
        ("codestral", "def f(▮return a + b", "<s>[SUFFIX]return a + b[PREFIX]def f("),
        ("codestral", "def f(▮", "<s>[SUFFIX][PREFIX]def f("),
    ],
)
def test_the_prompt_of_a_family(family: str, code: str, prompt: str) -> None:
    assert prompt_of(code, family).text == prompt


def test_the_path_takes_its_share_of_the_prompt() -> None:
    prompt = prompt_of("a = 1\n" * 100 + "▮", "mellum", prompt_tokens=100)
    assert sum(len(piece.text) for piece in prompt.pieces if isinstance(piece, fim.Text)) <= 100 - 4
    assert prompt.pieces[1] == fim.Text("main.py\n")


def test_every_family_that_fills_in_sees_both_sides_once() -> None:
    for format in fim.all_formats().values():
        names = [piece.name for piece in format.pieces if not isinstance(piece, fim.Special)]
        assert names.count("prefix") == 1
        assert names.count("suffix") == format.fills_in
        assert format.fills_in == (format.family != "plain")


def test_no_family_hides_another_behind_it() -> None:
    """A vocabulary with just the tokens of one family is of this family, or of one with the same tokens."""
    for format in fim.all_formats().values():
        tokens = {piece.token for piece in format.pieces if isinstance(piece, fim.Special)} | set(format.also)
        found = fim.recognise(tokens.__contains__)
        assert set(found.also) == set(format.also)
        assert {p for p in found.pieces if isinstance(p, fim.Special)} == {
            p for p in format.pieces if isinstance(p, fim.Special)
        }


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("deepseek-ai/deepseek-coder-6.7b-base", "deepseek-coder"),
        ("deepseek-coder:6.7b-base-q4_0", "deepseek-coder"),
        ("DeepSeek-Coder-V2-Lite-Base.Q4_K_M.gguf", "deepseek-coder-v2-lite"),
        ("Qwen/Qwen2.5-Coder-7B", "qwen-coder"),
        ("qwen2.5-coder:1.5b-base", "qwen-coder"),
        ("bigcode/starcoder2-3b", "starcoder"),
        ("code_llama-7b", "codellama"),
        ("gpt-x", "plain"),
        ("", "plain"),
    ],
)
def test_a_family_is_recognised_by_a_name(name: str, family: str) -> None:
    assert fim.recognise_name(name).family == family


def test_a_server_is_given_both_texts_as_they_are() -> None:
    format = fim.prefix_and_suffix()
    assert format.fills_in
    assert format.control_tokens == 0
    assert format.family not in fim.all_formats(), "nobody may ask for it by name"
