"""Where a completion ends. It is asked after every token, so that what it ends, the engine stops computing."""

from __future__ import annotations

from typing import Literal

from ..text import split_lines, without_line_end
from .brackets import Scanner, columns
from .loops import loops
from .scope import StopRule

Mode = Literal["line", "statements", "block"]

_LOOP_TIMES = 4
_LOOP_LINES = range(1, 4)
_TELLING_CHARACTERS = 12  # letters and digits of lines that are hardly there twice
_TELLING_LINES = 3
_CLOSERS = (")", "]", "}")


class Stopping:
    """Follows a text while it is generated; each line is looked at once, when its end is there."""

    def __init__(self, rule: StopRule) -> None:
        self.end: int | None = None
        """The offset at which the text is complete, once it is."""
        self.meets_after = False
        """Whether the text ends on the line on which stands what follows the cursor."""
        self._rule = rule
        self._scanner = Scanner(rule.syntax, rule.balance.line_opened)
        self._depth = len(rule.balance.opened)  # what the completion has left of the brackets around it
        self._mode: Mode | None = None
        self._head = rule.head
        self._indent = rule.indent or 0
        self._lines: list[str] = []
        self._offset = 0
        self._line = ""
        self._whole = 0  # offset behind the last line with nothing of its own open
        self._over: int | None = None  # offset at which all may be over, if the next line does not go on with it
        self._after_blank = False
        self._ends_here = False
        self._conditions = 0
        self._reached: list[tuple[int, int]] = []  # offsets of lines that follow already, and how many match

    def add(self, text: str) -> int | None:
        """Goes on by a piece of text. The result is `end`: nothing is decided about a line before its newline is there,
        but that the model has lost itself in it."""
        for part in split_lines(text):
            if self.end is not None:
                break
            self._line += part
            if part.endswith("\n"):
                self._add_line()
            elif loops(self._line, self._rule.around):
                self.end = self._offset
        return self.end

    def finish(self) -> int:
        """The end of a text that the model ended, or that became too long."""
        if self.end is None and self._line:
            self._line += "\n"
            self._add_line()
        if self.end is not None:
            return self.end
        if self._over is not None:
            return self._over
        if self._reached:
            return self._reached[0][0]
        if not self._is_balanced() and len(self._lines) > 1:
            return self._whole
        return self._offset

    def _add_line(self) -> None:
        line, self._line = self._line, ""
        body = without_line_end(line)
        start = self._offset
        if loops(body, self._rule.around):
            self.end = start
        elif self._lines and body.strip() and (self._is_reached(body) or (self._is_code() and self._is_outside(body))):
            self.end = self._reached[0][0] if self._reached else start if self._over is None else self._over
        elif self._closes_others(line):
            pass
        else:
            self._lines.append(body)
            self._offset += len(line)
            self._after_line(start, body)

    def _is_code(self) -> bool:
        """Whether the line starts outside strings and comments of the completion itself."""
        return self._scanner.is_code or len(self._scanner.opened) <= self._depth

    def _is_balanced(self) -> bool:
        """Whether nothing is open but what the text behind the cursor closes."""
        own = self._scanner.opened[self._depth :]
        return not own or tuple(opened.text for opened in own) == self._rule.balance.wanted

    def _is_outside(self, body: str) -> bool:
        """Whether a line with text is there already, or belongs to others than the completion."""
        rule = self._rule
        if self._mode is None:
            self._begin(body)
        if self._over is not None:
            if not self._goes_on(body):
                return True
            self._over = None
        if not self._is_balanced():
            return False
        if self._mode == "line":
            return False
        if body.lstrip().startswith("#") and rule.syntax.conditional:
            return self._condition(body) < 0
        if body.lstrip()[0] in ")]}" and self._depth:
            return False  # which bracket it closes is what counts
        return self._is_outside_block(body) if self._mode == "block" else self._is_outside_statements(body)

    def _begin(self, body: str) -> None:
        """The first line with text says what is filled in."""
        rule = self._rule
        own = columns(body)
        if rule.starts_line:
            self._mode = "statements"
            if rule.indent is None or not any(map(str.strip, self._lines)):
                self._indent = own
        elif rule.opens_block or own > rule.head or (own == rule.head and self._continues(body)):
            self._mode = "block"
            self._indent = own
        else:
            self._mode = "statements" if rule.several_lines else "line"
            self._indent = own

    def _is_outside_block(self, body: str) -> bool:
        rule, own = self._rule, columns(body)
        is_whole = self._depth == len(rule.balance.opened) > 0
        in_bracket = rule.opens_block and is_whole and rule.balance.before.rstrip().endswith(("(", "[", "{"))
        is_section = in_bracket and rule.syntax.section.match(body.lstrip()) is not None
        if in_bracket and not is_section and self._head == rule.head:
            self._head = min(rule.head, own - 1)  # the head may go over lines, each further in than the block
        if own > self._head:
            return False
        if own == self._head and rule.blocks.closes(body):
            self._ends_here = rule.closes_block
            return not rule.closes_block
        if in_bracket:
            return not is_section
        return own < self._head or not self._continues(body)

    def _is_outside_statements(self, body: str) -> bool:
        rule, own = self._rule, columns(body)
        if own < self._indent:
            if rule.blocks.closes(body) and own == rule.head and rule.closes_block:
                self._ends_here = True
                return False
            return True
        if own == self._indent and rule.blocks.closes(body):
            # What starts with `rescue` or `when` goes on with what stands above it, whose end is behind the cursor.
            return rule.starts_line and self._continues(next(filter(str.strip, self._lines), ""))
        if own > self._indent or self._continues(body):
            return False
        if self._after_blank:
            return not rule.fills_block
        return not self._indent and bool(self._lines) and rule.blocks.closes(self._lines[-1])

    def _condition(self, body: str) -> int:
        """How many conditions of a preprocessor are open in a line such as `#else` of their own, or else behind it."""
        open_ones = self._conditions + _opened_conditions(body)
        return open_ones - 1 if _condition_word(body).startswith(("else", "elif")) else open_ones

    def _goes_on(self, body: str) -> bool:
        """Whether a line continues the statement that could be over."""
        rule = self._rule
        if rule.balance.after.startswith(_CLOSERS):
            return columns(body) > rule.head or rule.blocks.closes(body)
        there = bool(rule.following) and body.rstrip() == rule.following[0]
        return not there and self._continues(body)

    def _continues(self, body: str) -> bool:
        return self._rule.syntax.continuing.match(body.lstrip()) is not None

    def _is_reached(self, body: str) -> bool:
        """Whether the text goes on with what follows the cursor: lines that say little are compared with those behind
        them."""
        following = self._rule.following
        reached = [(start, count + 1) for start, count in self._reached if body.rstrip() == following[count]]
        is_next = bool(following) and body.rstrip() == following[0] and not self._rule.blocks.closes(body)
        if is_next and self._is_code() and self._is_balanced():
            reached.append((self._offset, 1))
        self._reached = reached
        return any(_is_telling(following[:count]) or count == len(following) for _, count in reached)

    def _closes_others(self, line: str) -> bool:
        """Whether the line closes what the text behind the cursor closes too: the completion ends before."""
        rule = self._rule
        shift = 0 if self._lines else len(rule.balance.before)
        for closed in self._scanner.line(rule.balance.before + line if shift else line):
            offset = closed.offset - shift
            if offset < 0 or (closed.opened is not None and closed.depth >= self._depth):
                continue
            if closed.opened is not None and closed.depth >= len(rule.balance.opened) - rule.balance.needed:
                self._depth = closed.depth
                continue
            if not self._lines and not rule.starts_line and self._restores():
                continue
            if closed.depth + closed.skipped + (closed.opened is not None) > self._depth:
                self.end = self._whole  # it leaves something of its own open
                return True
            before = line[:offset]
            self.meets_after = rule.balance.after.lstrip().startswith(closed.text)
            self.end = self._offset + (offset if before.strip() or self.meets_after else 0)
            if self._reached:
                self.end = self._reached[0][0]
            return True
        return False

    def _restores(self) -> bool:
        """Whether the line opens again what it closes: `name } => {`."""
        found, opened = self._scanner.opened, self._rule.balance.opened
        return len(found) == len(opened) and all(
            own.text == other.text for own, other in zip(found, opened, strict=True)
        )

    def _after_line(self, start: int, body: str) -> None:
        rule = self._rule
        end = start + len(body)
        has_text = bool(body.strip())
        if rule.syntax.conditional and body.lstrip().startswith("#"):
            self._conditions += _opened_conditions(body)
        self._after_blank = not has_text and any(map(str.strip, self._lines))
        if not has_text:
            return
        if self._mode is None:
            self._mode = "statements" if rule.starts_line or (rule.several_lines and not rule.opens_block) else "line"
            if rule.starts_line and rule.indent is None:
                self._indent = columns(body)
        if rule.one_line:
            self.end = end
            return
        if not self._is_balanced():
            return
        self._whole = end
        repeated = self._repeated()
        if repeated is not None:
            self.end = repeated
        elif self._ends_here:
            self.end = end
        elif self._mode == "line" and self._depth <= rule.balance.held:
            self._end_line(end, body)
        elif self._depth < len(rule.balance.opened) and self._depth <= rule.balance.held:
            self._over = end

    def _end_line(self, end: int, body: str) -> None:
        """Ends a completion of one line, unless it opens a block that nobody has written."""
        rule = self._rule
        opens = rule.blocks.opens(body) and not self._scanner.in_comment
        if opens and not rule.balance.wanted and _is_empty(rule):
            self._mode = "block"
        elif len(self._lines) > 1 or rule.balance.after.startswith(_CLOSERS):
            self._over = end
        else:
            self.end = end

    def _repeated(self) -> int | None:
        """Where the last lines start to be the same ones over and over."""
        for length in _LOOP_LINES:
            last = self._lines[-length * _LOOP_TIMES :]
            unit = last[:length]
            has_letters = any(character.isalpha() for line in unit for character in line)
            if has_letters and len(last) == length * _LOOP_TIMES and last == unit * _LOOP_TIMES:
                first = self._lines[: len(self._lines) - length * (_LOOP_TIMES - 1)]
                return sum(len(line) + 1 for line in first) - 1
        return None


def _opened_conditions(line: str) -> int:
    """How many conditions of a preprocessor a line such as `#if` opens; -1 where it ends one."""
    word = _condition_word(line)
    return word.startswith("if") - word.startswith("endif")


def _condition_word(line: str) -> str:
    return line.lstrip("# \t")


def _is_empty(rule: StopRule) -> bool:
    """Whether the next line is no deeper than the cursor's."""
    return not rule.following or columns(rule.following[0]) <= rule.head


def _is_telling(lines: tuple[str, ...]) -> bool:
    letters = sum(character.isalnum() for line in lines for character in line)
    return letters >= _TELLING_CHARACTERS or len(lines) >= _TELLING_LINES
