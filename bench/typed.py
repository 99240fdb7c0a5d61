"""Types a span of a file key by key, accepts what agrees with what comes next, and notes what was on the screen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from screen import Accepts, Edit, Ghost, Screen, typed_along
from spans import Span, rhythm_of
from typist_clients import Answer, Client
from typist_counts import Change, Step, Typed, Worth
from typist_engine import Oracle


@dataclass(frozen=True, slots=True, kw_only=True)
class Typist:
    """How someone types and accepts."""

    seed: int
    speed: float
    is_patient: bool
    accepts: Accepts
    auto_close: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OnScreen:
    """A ghost text, and since when it can be seen, in the typist's seconds."""

    ghost: Ghost
    since_s: float


async def typed(span: Span, client: Client, typist: Typist, oracle: Oracle | None = None) -> Typed:
    """Types a span from its start to its end."""
    screen = Screen(span, auto_close=typist.auto_close)
    rhythm = rhythm_of(span, typist.seed)
    await client.open(span, screen)
    steps: list[Step] = []
    seen: OnScreen | None = None
    now_s = 0.0
    while not screen.is_done:
        is_read = seen is not None and now_s - seen.since_s >= rhythm.reading_s[screen.offset]
        accepted = screen.acceptable(seen.ghost, typist.accepts) if seen and is_read else None
        edit = Edit(text=accepted.text, behind=accepted.behind) if accepted else screen.next_edit()
        left = _typed_along(seen, edit)
        client.change(edit, screen)
        screen.apply(edit, is_accepted=accepted is not None)
        pause_s = rhythm.before_s[screen.offset]
        answer = await client.answer(screen, None if typist.is_patient else pause_s / typist.speed)
        took_s = answer.took_s * typist.speed if answer and not typist.is_patient else 0.0
        seen, change = on_screen(left, answer, now_s + took_s)
        now_s += pause_s
        step = Step(
            offset=screen.offset,
            keys=edit.keys,
            accepted=len(edit.text) if accepted else 0,
            answer_ms=1000 * answer.took_s if answer else None,
            answered=answer is not None and answer.ghost is not None,
            shown=_worth(seen.ghost, screen) if seen else None,
            change=change,
            nothing_good=oracle.has_nothing_good(screen.offset) if oracle and screen.on_course else None,
        )
        steps.append(step)
    sourced = zip(steps, await client.close(), strict=True)
    assert screen.text == span.above + span.text + span.below
    return Typed(
        language=span.language,
        characters=len(span.text),
        keys_alone=keys_alone(span, auto_close=typist.auto_close),
        retained=screen.retained,
        steps=tuple(replace(step, source=source) for step, source in sourced),
    )


def keys_alone(span: Span, *, auto_close: bool) -> int:
    """The keys that a span takes without completions."""
    screen, keys = Screen(span, auto_close=auto_close), 0
    while not screen.is_done:
        edit = screen.next_edit()
        screen.apply(edit)
        keys += edit.keys
    return keys


def _typed_along(seen: OnScreen | None, edit: Edit) -> OnScreen | None:
    left = typed_along(seen.ghost, edit) if seen else None
    return replace(seen, ghost=left) if seen and left else None


def _worth(ghost: Ghost, screen: Screen) -> Worth:
    if screen.is_right(ghost):
        return "whole"
    return "start" if screen.starts_right(ghost) else "nothing"


def on_screen(left: OnScreen | None, answer: Answer | None, at_s: float) -> tuple[OnScreen | None, Change]:
    """What is on the screen before the next key, after an answer that came at `at_s`, or none. `left`: what is left of
    the text of before, all typed agreeing with it: editors show that while they wait for the answer."""
    if answer is None or answer.keeps:
        return left, "same"
    if answer.ghost is None:
        return None, "vanished" if left else "same"
    if left is None:
        return OnScreen(ghost=answer.ghost, since_s=at_s), "began"
    if answer.ghost.text == left.ghost.text:
        return left, "same"
    if answer.ghost.text.startswith(left.ghost.text):
        return replace(left, ghost=answer.ghost), "grew"
    return OnScreen(ghost=answer.ghost, since_s=at_s), "replaced"
