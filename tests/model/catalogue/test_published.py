"""The formats in which the catalogue's models are published: what Xinference lists, and how large the files are."""

import re
from collections.abc import Iterator

import pytest
from seekline import model
from seekline.model.catalogue.catalogue import entry_of_series, published_in
from seekline.model.catalogue.published import PublishedWeights
from seekline.model.catalogue.weight_bytes import gguf_quantization, mixes, types

GGUF = {"Q2_K", "Q3_K_S", "Q3_K_M", "Q3_K_L", "Q4_0", "Q4_K_S", "Q4_K_M", "Q5_0", "Q5_K_S", "Q5_K_M", "Q6_K", "Q8_0"}
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
FILE = re.compile(r"[\w.-]*\{(quantization|lower)\}\.gguf")


def published() -> Iterator[tuple[model.Entry, PublishedWeights]]:
    for entry in model.all_entries().values():
        for weights in entry.weights:
            yield entry, weights


def in_format(name: str, format: str) -> list[PublishedWeights]:
    return [weights for weights in model.all_entries()[name].weights if weights.format == format]


def test_every_repository_and_file_name_is_well_formed() -> None:
    seen: set[str] = set()
    for entry, weights in published():
        assert REPOSITORY.fullmatch(weights.repository), entry.name
        assert weights.repository.lower() not in seen
        seen.add(weights.repository.lower())
        assert (weights.template is not None) == (weights.format == "gguf")
        assert weights.template is None or FILE.fullmatch(weights.template), weights.template
        assert weights.sizes, weights.repository
        assert published_in(weights.repository.upper()) == (entry, weights)


def test_every_quantization_has_a_size() -> None:
    for entry, weights in published():
        for quantization, size in weights.sizes.items():
            bits = 8 * size / entry.parameters
            assert 2.5 < bits <= 32.01, (entry.name, quantization)
            if weights.format == "gguf":
                assert quantization in mixes()
        assert list(weights.sizes.values()) == sorted(weights.sizes.values(), reverse=True), entry.name


def test_every_mix_is_of_types_that_have_bits() -> None:
    for mix in mixes().values():
        for type in (mix.type, *mix.better.values(), *mix.more.values(), *(name for name, _ in mix.first.values())):
            assert type in types()
    for type in types().values():
        assert type.otherwise is None or type.otherwise in types()


@pytest.mark.parametrize("kind", ["base", "instruct"])
def test_every_format_of_xinference_is_there(kind: str) -> None:
    lacking = {"base": {"Q4_0"}, "instruct": {"Q2_K"}}[kind]
    for size in ("1.3b", "6.7b", "33b"):
        name = f"deepseek-coder-{size}-{kind}"
        assert set(in_format(name, "safetensors")[0].sizes) == {"none", "int8", "nf4"}
        assert set(in_format(name, "gguf")[0].sizes) == GGUF
        for format in ("gptq", "awq"):
            assert set(in_format(name, format)[0].sizes) == {"int4"}
            spelt = name.replace("6.7b", "6.7B").replace("33b", "33B")
            assert in_format(name, format)[0].repository == f"TheBloke/{spelt}-{format.upper()}"
    assert set(in_format(f"deepseek-coder-7b-{kind}-v1.5", "gguf")[0].sizes) == GGUF - lacking


@pytest.mark.parametrize(
    ("name", "quantization", "file"),
    [
        ("deepseek-coder-6.7b-base", "Q4_K_M", "deepseek-coder-6.7b-base.Q4_K_M.gguf"),
        ("deepseek-coder-7b-instruct-v1.5", "Q6_K", "deepseek-coder-7b-instruct-v1.5-Q6_K.gguf"),
        ("replit-code-v1_5-3b", "BF16", "replit-code-v1_5-3b-bf16.gguf"),
    ],
)
def test_the_file_of_a_quantization(name: str, quantization: str, file: str) -> None:
    assert in_format(name, "gguf")[0].file(quantization) == file


CARD_OF_33B = """
    Q2_K 14.03, Q3_K_S 14.42, Q3_K_M 16.07, Q3_K_L 17.56, Q4_0 18.82, Q4_K_S 18.89,
    Q4_K_M 19.94, Q5_0 22.96, Q5_K_S 22.96, Q5_K_M 23.54, Q6_K 27.36, Q8_0 35.43
"""


@pytest.mark.parametrize("row", [row.strip() for row in CARD_OF_33B.split(",")])
def test_the_sizes_are_those_on_the_card(row: str) -> None:
    """Of TheBloke/deepseek-coder-33B-instruct-GGUF, in gigabytes."""
    quantization, gigabytes = row.split()
    found = in_format("deepseek-coder-33b-instruct", "gguf")[0].sizes[quantization]
    assert found / 1e9 == pytest.approx(float(gigabytes), abs=0.006)


@pytest.mark.parametrize(("quantization", "gigabytes"), [("Q3_K_S", 0.642), ("Q3_K_M", 0.704), ("Q3_K_L", 0.744)])
def test_the_sizes_where_rows_fall_back_to_other_types(quantization: str, gigabytes: float) -> None:
    """Of tensorblock/OpenCodeInterpreter-DS-1.3B-GGUF, which has the shape of the 1.3B and its 5504 columns."""
    found = in_format("deepseek-coder-1.3b-base", "gguf")[0].sizes[quantization]
    assert found / 1e9 == pytest.approx(gigabytes, abs=0.002)


@pytest.mark.parametrize(
    ("spelt", "meant"),
    [
        ("q4_k_m", "Q4_K_M"),
        ("Q8_0", "Q8_0"),
        ("q4_k", "Q4_K_M"),
        ("q6_k", "Q6_K"),
        ("bfloat16", "BF16"),
        ("float32", "F32"),
        ("int4", None),
        ("none", None),
        ("", None),
    ],
)
def test_a_quantization_is_named_in_any_case_and_in_the_words_of_max(spelt: str, meant: str | None) -> None:
    assert gguf_quantization(spelt) == meant


@pytest.mark.parametrize(
    ("series", "size", "name"),
    [
        ("deepseek-coder", "6.7", "deepseek-coder-6.7b-base"),
        ("deepseek-coder", "6_7", "deepseek-coder-6.7b-base"),
        ("deepseek-coder", "1.3B", "deepseek-coder-1.3b-base"),
        ("deepseek-coder", "7", "deepseek-coder-7b-base-v1.5"),
        ("deepseek-coder-instruct", "33", "deepseek-coder-33b-instruct"),
        ("deepseek-coder-v2", "16", "deepseek-coder-v2-lite-base"),
        ("deepseek-coder", "8", None),
        ("deepseek", "7", None),
    ],
)
def test_a_model_of_a_series_by_its_size(series: str, size: str, name: str | None) -> None:
    entry = entry_of_series(series, size)
    assert (entry.name if entry else None) == name
