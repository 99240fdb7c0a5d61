"""An editor that does anything: the figures never contradict each other."""

from __future__ import annotations

import random

from observed_editor import ObservedEditor


def does_anything(it: ObservedEditor, chance: random.Random) -> None:
    texts = ["".join(chance.choices("ab (\n", k=chance.randrange(1, 9))) for _ in range(2)]
    action = chance.randrange(5)
    if action == 0:
        it.is_shown(*texts[: chance.randrange(1, 3)])
    elif action == 1:
        start = chance.choice([it.cursor, chance.randrange(len(it.text) + 1)])
        it.replace(start, chance.choice([0, chance.randrange(len(it.text) - start + 1)]), texts[0])
    elif action == 2:
        it.insert("ab ("[chance.randrange(4)])
    elif action == 3:
        it.observer.accepted(it.id, chance.choice([None, 1, 3, 99]))
    else:
        it.wait(chance.choice([30, 300]))


def test_no_more_is_kept_than_was_accepted() -> None:
    outcomes: set[str] = set()
    for seed in range(300):
        chance = random.Random(seed)
        it = ObservedEditor("a = ▮)\nb\n")
        for _ in range(40):
            does_anything(it, chance)
        assert it.text == "".join(it.document.lines)
        it.observer.close()
        for row in it.rows.values():
            outcomes.add(row.outcome)
            assert all(0 <= still <= row.accepted_characters for still in (row.kept_30_s, row.kept_5_min) if still)
            assert (row.accepted_characters > 0) == (row.outcome in ("accepted", "partly"))
    assert outcomes == {"accepted", "partly", "typed", "rejected"}
