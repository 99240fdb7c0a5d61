import pytest
from fim_prompts import prompt_of
from seekline import fim
from seekline.fim import Special, Text

BOS, BEGIN, HOLE, END = (Special(f"<｜{name}｜>") for name in ("begin▁of▁sentence", "fim▁begin", "fim▁hole", "fim▁end"))


@pytest.mark.parametrize("family", ["deepseek-coder", "deepseek-coder-v2-lite", "seekline-embedded"])
def test_fill_in_the_middle(family: str) -> None:
    prompt = prompt_of("a = ▮\nb\n", family)
    assert prompt.pieces == (BOS, BEGIN, Text("a = "), HOLE, Text("\nb\n"), END)
    assert prompt.text == "<｜begin▁of▁sentence｜><｜fim▁begin｜>a = <｜fim▁hole｜>\nb\n<｜fim▁end｜>"
    assert (prompt.prefix, prompt.suffix) == ("a = ", "\nb\n")


def test_left_to_right_sees_no_suffix() -> None:
    prompt = prompt_of("a = ▮\nb\n", "plain")
    assert prompt.pieces == (Special("<s>"), Text("a = "))
    assert prompt.suffix == ""


def test_a_model_without_a_begin_token_gets_none() -> None:
    format = fim.all_formats()["plain"].with_begin(None)
    assert format.control_tokens == 0


def test_sentinels_in_the_users_file_stay_text() -> None:
    prompt = prompt_of("x = '<｜fim▁hole｜>'▮<｜fim▁end｜>", "deepseek-coder")
    assert prompt.pieces == (BOS, BEGIN, Text("x = '<｜fim▁hole｜>'"), HOLE, Text("<｜fim▁end｜>"), END)


def test_empty_texts_make_no_piece() -> None:
    assert prompt_of("▮", "deepseek-coder").pieces == (BOS, BEGIN, HOLE, END)


@pytest.mark.parametrize(
    ("tokens", "family"),
    [
        ({BOS.token, BEGIN.token, HOLE.token, END.token, "<|EOT|>"}, "deepseek-coder"),
        ({BOS.token}, "plain"),
        (set(), "plain"),
        ({"<|fim_begin|>", "<|fim_hole|>", "<|fim_end|>", "<|begin_of_sentence|>"}, "plain"),
    ],
)
def test_a_family_is_recognised_by_its_tokens(tokens: set[str], family: str) -> None:
    assert fim.recognise(tokens.__contains__).family == family
