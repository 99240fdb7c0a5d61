"""What a tokenizer.json may be made of: the parts that models which write code have, in forms whose cost is linear.

The tokenizers library runs whatever it is given. A normalizer that multiplies text ends the process, an expression that
backtracks freezes it; so both are known here before the library sees them. It is handed what was recognised, no more.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli
from pydantic import AfterValidator, BaseModel, Field, Strict, ValidationError, model_validator

from .errors import BrokenCheckpoint, UnsupportedTokenizer

MAX_ID = 1 << 22
"""Many times the largest vocabulary: there is a table of all ids."""

_MAX_PARTS = 16
_MAX_EXPRESSION_CHARACTERS = 4000
_MAX_OPTIONAL = 2  # of them in one alternative: each doubles the ways to match
_ELEMENT = re.compile(
    r"(?:\\[pP]\{\^?\w{1,30}\}|\\[sSdDwWrntv]|\\[^\w\s]|\[\^?(?:\\.|&(?!&)|[^\\\[\]&])+\]|[^\\\[\](){}?*+|^$.])"
    r"(\?|\*|\+|\{[1-9]\}|\{[1-9],[1-9]\})?"
)
_Flag = Annotated[bool, Strict()]
_Id = Annotated[int, Field(strict=True, ge=0, lt=MAX_ID)]
_Text = Annotated[str, Field(min_length=1, max_length=1000)]
_Behavior = Literal["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]


def _of_linear_cost(expression: str) -> str:
    """The expression, where each of its alternatives is known or harmless; raises ValueError for another."""
    at = 0
    while True:
        end = _after_alternative(expression, at)
        if end == len(expression):
            return expression
        if end is None:
            raise ValueError(f"the expression {expression[:100]!r} is not one that is known to take linear time")
        at = end + 1


def _after_alternative(expression: str, start: int) -> int | None:
    """Where the alternative that begins at `start` ends; None where it is none that is allowed."""
    for known in _known_alternatives():
        end = start + len(known)
        if expression.startswith(known, start) and expression[end : end + 1] in ("", "|"):
            return end
    at = start
    optional = 0  # elements with a bounded number of repetitions
    needed = repeated = False  # whether an element must be there, and whether one may repeat for ever
    element = _ELEMENT.match(expression, at)
    while element is not None:
        quantifier = element[1] or ""
        # Behind one that may repeat for ever nothing may fail, or the engine would try all its lengths.
        if repeated and quantifier not in ("?", "*"):
            break
        if quantifier and not repeated and quantifier not in ("+", "*"):
            optional += 1
        needed = needed or quantifier not in ("?", "*")
        repeated = repeated or quantifier in ("+", "*")
        at = element.end()
        element = _ELEMENT.match(expression, at)
    whole = at == len(expression) or expression[at] == "|"
    return at if whole and needed and optional <= _MAX_OPTIONAL else None


@cache
def _known_alternatives() -> list[str]:
    text = Path(__file__).with_name("split_patterns.toml").read_text("utf-8")
    return sorted(tomli.loads(text)["alternatives"], key=len, reverse=True)


class _Literal(BaseModel):
    String: _Text


class _Expression(BaseModel):
    Regex: Annotated[str, Field(min_length=1, max_length=_MAX_EXPRESSION_CHARACTERS), AfterValidator(_of_linear_cost)]


class _Unicode(BaseModel):
    type: Literal["NFC", "NFD", "NFKC", "NFKD"]


class _Prepend(BaseModel):
    type: Literal["Prepend"]
    prepend: Annotated[str, Field(max_length=4)]


class _Replace(BaseModel):
    type: Literal["Replace"]
    pattern: _Literal
    content: str

    @model_validator(mode="after")
    def _never_grows(self) -> _Replace:
        if len(self.content) > len(self.pattern.String):
            raise ValueError("the normalizer Replace makes text longer")
        return self


_OneNormalizer = Annotated[_Unicode | _Prepend | _Replace, Field(discriminator="type")]


class _Normalizers(BaseModel):
    type: Literal["Sequence"]
    normalizers: Annotated[list[_OneNormalizer], Field(max_length=_MAX_PARTS)]


class _ByteLevel(BaseModel):
    type: Literal["ByteLevel"]
    add_prefix_space: _Flag = True
    trim_offsets: _Flag = True
    use_regex: _Flag = True


class _Metaspace(BaseModel):
    type: Literal["Metaspace"]
    replacement: Annotated[str, Field(min_length=1, max_length=1)]
    str_rep: str | None = None
    add_prefix_space: _Flag | None = None
    prepend_scheme: Literal["always", "never", "first"] | None = None
    split: _Flag | None = None


class _Split(BaseModel):
    type: Literal["Split"]
    pattern: _Literal | _Expression
    behavior: _Behavior
    invert: _Flag = False


class _Digits(BaseModel):
    type: Literal["Digits"]
    individual_digits: _Flag = False


class _Punctuation(BaseModel):
    type: Literal["Punctuation"]
    behavior: _Behavior = "Isolated"


_OneSplitter = Annotated[_ByteLevel | _Metaspace | _Split | _Digits | _Punctuation, Field(discriminator="type")]


class _Splitters(BaseModel):
    type: Literal["Sequence"]
    pretokenizers: Annotated[list[_OneSplitter], Field(max_length=_MAX_PARTS)]

    @model_validator(mode="after")
    def _turns_into_bytes_once(self) -> _Splitters:
        growing = sum(isinstance(part, (_ByteLevel, _Metaspace)) for part in self.pretokenizers)
        if growing > 1:
            raise ValueError("more than one part of the pre-tokenizer makes text longer")
        return self


class _BytePairs(BaseModel):
    type: Literal["BPE"] = "BPE"
    dropout: Literal[0] | None = None  # chance would make each prompt another
    unk_token: Annotated[str, Field(max_length=1000)] | None = None
    continuing_subword_prefix: Literal[""] | None = None
    end_of_word_suffix: Literal[""] | None = None
    fuse_unk: _Flag = False
    byte_fallback: _Flag = False
    ignore_merges: _Flag = False
    vocab: dict[Annotated[str, Field(max_length=10_000)], _Id]
    merges: list[str | tuple[str, str]]


class AddedToken(BaseModel):
    """A token that stands beside the vocabulary."""

    id: _Id
    content: _Text
    single_word: _Flag = False
    lstrip: _Flag = False
    rstrip: _Flag = False
    normalized: _Flag = True
    special: _Flag = False


class Parts(BaseModel):
    """A tokenizer.json. What it says of truncation, padding and what comes before or after a text is not used."""

    added_tokens: Annotated[list[AddedToken], Field(max_length=100_000)]
    normalizer: Annotated[_Unicode | _Prepend | _Replace | _Normalizers, Field(discriminator="type")] | None = None
    pre_tokenizer: (
        Annotated[_ByteLevel | _Metaspace | _Split | _Digits | _Punctuation | _Splitters, Field(discriminator="type")]
        | None
    ) = None
    decoder: Any = None
    model: _BytePairs

    def for_library(self, added: list[AddedToken]) -> str:
        """JSON for the tokenizers library, with these added tokens and without all that is not used."""
        used = self.model_copy(update={"added_tokens": added})
        written = used.model_dump_json(
            include={"added_tokens", "normalizer", "pre_tokenizer", "model"}, exclude_unset=True
        )
        fixed = '{"version":"1.0","truncation":null,"padding":null,"post_processor":null,"decoder":null,'
        return fixed + written[1:]


def parts_of(data: Any, path: Path) -> Parts:
    """The parts of a tokenizer.json, `data`. `path`: whose it is.

    Raises `UnsupportedTokenizer` for parts that are not known, `BrokenCheckpoint` for what no tokenizer has.
    """
    try:
        return Parts.model_validate(data)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False, include_input=False)
        # Of the forms that a part may have, the one that was tried in earnest says most.
        first = min(errors, key=lambda one: one["type"] != "value_error")
        where = ".".join(str(part)[:60] for part in first["loc"][:6])
        if first["loc"][:1] in (("normalizer",), ("pre_tokenizer",)) or first["type"] == "literal_error":
            raise UnsupportedTokenizer(
                f"{path} has a {where} that Seekline does not run: {first['msg'][:300]}.",
                "Choose another model; if this one comes from a source that you trust, report its name.",
            ) from error
        raise BrokenCheckpoint(
            f"{path} is not a tokenizer that can be read: {where}: {first['msg'][:300]}.", "Download the model again."
        ) from error
