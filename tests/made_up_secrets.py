"""Secrets made up for tests: no file of ours has anything that looks like one."""

from __future__ import annotations

import random
import re
import string

_LETTERS = string.ascii_letters
_ALPHABETS = {
    "alnum": _LETTERS + string.digits,
    "base64": _LETTERS + string.digits + "+/",
    "digits": string.digits,
    "hex": "0123456789abcdef",
    "letters": _LETTERS,
    "lower": string.ascii_lowercase,
    "sign": "aZ7!#-_",
    "upper": string.ascii_uppercase + "234567",
    "url": _LETTERS + string.digits + "_-",
}
_PLACE = re.compile(r"«(\w+)(?::(\d+))?»")


def made_up(kind: str, length: int, chance: random.Random) -> str:
    """A value of a kind: random characters, of which the first few are of each sort that the kind has."""
    if kind == "password":
        return _word(chance, 5) + chance.choice("!&?*+") + str(chance.randrange(10, 99))
    if kind == "mixed":
        return _with_each(_LETTERS + string.digits, ("abcdefghjk", "23456789"), length, chance)
    if kind == "uuid":
        return "-".join(_random("hex", size, chance) for size in (8, 4, 4, 4, 12))
    if kind in ("alnum", "base64", "url"):
        return _with_each(_ALPHABETS[kind], ("abcdefghjk", "BCDEFGHJ", "23456789"), length, chance)
    if kind == "sign":
        return _with_each(_ALPHABETS[kind], ("aZ", "7", "!#"), length, chance)
    if kind == "hex":
        return _with_each(_ALPHABETS[kind], ("abcdef", "23456789"), length, chance)
    return _random(kind, length, chance)


def fill(form: str, chance: random.Random) -> tuple[str, list[str]]:
    """A form with a made-up value for each `«kind:length»` and line ends for `⏎`, and those values."""
    values: list[str] = []

    def value(place: re.Match[str]) -> str:
        values.append(made_up(place[1], int(place[2] or 0), chance))
        return values[-1]

    return _PLACE.sub(value, form).replace("⏎", "\n"), values


def left_over(lines: tuple[str, ...], values: list[str]) -> list[str]:
    """Those of the values that still stand in the lines."""
    text = "".join(lines)
    return [value for value in values if value in text]


def _word(chance: random.Random, length: int) -> str:
    return "".join(chance.choice("bcdfghkmnprst" if place % 2 == 0 else "aeiou") for place in range(length))


def _random(kind: str, length: int, chance: random.Random) -> str:
    return "".join(chance.choice(_ALPHABETS[kind]) for _ in range(length))


def _with_each(alphabet: str, sorts: tuple[str, ...], length: int, chance: random.Random) -> str:
    characters = [chance.choice(sort) for sort in sorts]
    characters += [chance.choice(alphabet) for _ in range(length - len(characters))]
    chance.shuffle(characters)
    return "".join(characters)
