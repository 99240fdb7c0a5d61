"""The one type that an expression surely has; nothing where text leaves a doubt.

`types` takes whatever is likely, since a context that shows a little too much does no harm. Who forbids names has to
be sure: no guess by a name, no element of a container, no type out of several.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ...code import Definition, Variable
from ..scope import Scope
from .chains import Chain, Step, whole_chain
from .entities import Entity, Module, Symbol
from .members import Names

_MAX_DEPTH = 5
_NAME = r"[A-Za-z_$][\w$]*"
_BEFORE_TYPE = re.compile(r"(?:[&*?]|'\w+\s|(?:mut|const|struct|volatile)\s)*")
_TYPE = re.compile(rf"({_NAME}(?:(?:\.|::|\\){_NAME})*)(?:<.*>)?", re.DOTALL)
_ABSENT = ("None", "null", "undefined")
_OPTIONAL = re.compile(r"(?:typing\.)?Optional\[(.*)\]\Z")
_BEFORE_VALUE = re.compile(r"\A(?:(?:await|new|mut)\s|&)*")
_NARROWS = re.compile(
    r"(?:\b(?:isinstance|issubclass|hasattr)\(|\b(?:match|case|switch|in)[ (]\(?)([\w.$]{1,80})"
    r"|(?<![\w.$])([\w.$]{1,80})(?: (?:instanceof|is|in)\b|\.\(type\))"
)
_BINDS = re.compile(
    r"\b(?:for|lambda|as|let|var|const|catch|global|nonlocal)\b([^=:;{}\n]{1,100}?)(?:\b(?:in|of)\b|[=:;{}\n])"
    r"|^[ \t]{0,80}([\w$][\w$, ()*]{0,100}):?=(?!=)"
    r"|(?<![\w$])([\w$]{1,80}|\([^()]{1,100}\)) ?=>",
    re.MULTILINE,
)
_ASSIGNS = re.compile(r"(?<![\w$])([\w$]{1,80})(?: ?:[^=\n]{1,80})? ?=(?!=)")
_WORD = re.compile(r"[\w$]+")
_OTHER_SELF = re.compile(r"\bfunction\b|\b(?:class|new)\b(?=[^\n]{0,200}[{:]$)", re.MULTILINE)


class ExactTypes:
    """What expressions at the cursor of `scope` surely are."""

    def __init__(self, scope: Scope, names: Names) -> None:
        self.names = names
        self._scope = scope
        self._grammar = names.grammar
        self._words = names.grammar.guide
        self._variables: dict[str, list[Variable]] = {}
        first = scope.function.head[0] if scope.function else 0
        for variable in scope.variables:
            if first <= variable.line < scope.cursor.line:
                self._variables.setdefault(variable.name, []).append(variable)

    def of_expression(self, text: str) -> Entity | None:
        """The type of an expression's value; the module or type itself where it names one."""
        chain = whole_chain(text)
        if not chain or self._is_narrowed(text):
            return None
        return self._of_chain(chain, _MAX_DEPTH)

    def self_type(self) -> Symbol | None:
        """The type whose member the cursor is in."""
        definitions = self._scope.outline.definitions
        for number in reversed(self._scope.enclosing):
            if definitions[number].kind == "class":
                return Symbol(self.names.path, number)
            if definitions[number].kind == "scope":
                return self._only_type(self.names.find(definitions[number].name, self.names.path))
        return None

    def lines_around(self, name: str) -> str:
        """The other lines in which a name has the meaning that it has at the cursor."""
        function = self._scope.function
        around = function if name in self._variables else None
        if name in self._grammar.self:
            enclosing = (self._scope.outline.definitions[number] for number in self._scope.enclosing)
            around = next((definition for definition in enclosing if definition.kind in ("class", "scope")), None)
        lines = self._scope.document.lines
        first, end = (around.head[0], around.end) if around else (0, len(lines))
        return "".join((*lines[first : self._scope.cursor.line], *lines[self._scope.cursor.line + 1 : end]))

    def _of_chain(self, chain: Chain, depth: int, *, awaited: bool = False) -> Entity | None:
        if any(step.indexed for step in chain) or depth <= 0:
            return None
        value = self._of_first(chain[0], depth, awaited=awaited and len(chain) == 1)
        for number, step in enumerate(chain[1:], 2):
            if value is None:
                return None
            value = self._following(value, step, depth, awaited=awaited and number == len(chain))
        return value

    def _following(self, owner: Entity, step: Step, depth: int, *, awaited: bool = False) -> Entity | None:
        found = self.names.step(owner, step.name)
        if isinstance(owner, Symbol) and found and isinstance(found[0], Symbol):
            first = found[0]
            found = [one for one in found if isinstance(one, Symbol) and self._same_owner(one, first)]
        return self._only(self._after(one, step, owner, depth, awaited) for one in found)

    def _same_owner(self, one: Symbol, other: Symbol) -> bool:
        owners = (self.names.definition(one).owner, self.names.definition(other).owner)
        return one.path == other.path and owners[0] == owners[1]

    def _of_first(self, step: Step, depth: int, *, awaited: bool) -> Entity | None:
        own = self.self_type()
        if step.name in self._grammar.self:
            return None if own is None or step.called or self._has_other_self() else own
        if step.name in self._grammar.super:
            return None if own is None or self._has_other_self() else self._only_base(own)
        variables = self._variables.get(step.name)
        if variables:
            return None if step.called else self._only(self._of_variable(one, depth - 1) for one in variables)
        if self._is_bound(step.name):
            return None
        found: Sequence[Entity] = ()
        if self._grammar.implicit_self and own is not None:
            found = self.names.step(own, step.name)
        found = found or self.names.find(step.name, self.names.path)
        return self._only(self._after(one, step, None, depth, awaited) for one in found)

    def _has_other_self(self) -> bool:
        """Whether something between the cursor and the head around it may have a `self` of its own."""
        function = self._scope.function
        if function is None:
            return True
        return _OTHER_SELF.search(self._text_since(function.head[1])) is not None

    def _only_base(self, type: Symbol) -> Symbol | None:
        bases = [base for _, base in self.names.bases(type)]
        return bases[0][0] if len(bases) == 1 and len(bases[0]) == 1 else None

    def _is_bound(self, name: str) -> bool:
        """Whether a function around the cursor gives the name a meaning that no variable tells."""
        function = self._scope.function
        if function is None:
            return False
        if function.parameters and name in _WORD.findall(function.parameters):
            return True
        binding = _BINDS.finditer(self._text_since(function.head[0]))
        return any(name in _WORD.findall(found[found.lastindex or 0]) for found in binding)

    def _is_narrowed(self, text: str) -> bool:
        """Whether a condition may have told more of an expression than its declaration."""
        function = self._scope.function
        above = self._text_since(function.head[0] if function else 0)
        return any(text in found.groups() for found in _NARROWS.finditer(above))

    def _text_since(self, line: int) -> str:
        """The text from a line to the cursor."""
        document, cursor = self._scope.document, self._scope.cursor
        return "".join(document.lines[line : cursor.line]) + document.before(cursor)

    def _of_variable(self, variable: Variable, depth: int) -> Entity | None:
        if variable.element or depth <= 0:
            return None
        if variable.type is not None:
            return self.of_type(variable.type, self.names.path)
        value = variable.value or ""
        chain = whole_chain(_BEFORE_VALUE.sub("", value, count=1))
        return self._of_chain(chain, depth, awaited=value.startswith("await ")) if chain else None

    def _after(self, entity: Entity, step: Step, owner: Entity | None, depth: int, awaited: bool) -> Entity | None:
        """What a definition is after what `step` does with it. `owner`: what it was found in, if in anything."""
        if isinstance(entity, Module):
            return None if step.called else entity
        definition = self.names.definition(entity)
        if definition.kind == "class":
            return entity
        if definition.kind == "function":
            return self._of_function(definition, entity, step, owner, awaited)
        if definition.kind not in ("constant", "field") or step.called or definition.parameters:
            return None
        if definition.type is not None:
            return self._declared(definition.type, entity.path, owner)
        return self._of_first_value(definition, entity, depth)

    def _of_function(
        self, definition: Definition, entity: Symbol, step: Step, owner: Entity | None, awaited: bool
    ) -> Entity | None:
        document = self.names.document(entity.path)
        if definition.type is None or document is None:
            return None
        head = "".join(document.lines[slice(*definition.head)])
        if self._words.other_result.search(head.replace("async ", "") if awaited else head):
            return None
        is_property = self._words.property.search(head) is not None
        return None if is_property == step.called else self._declared(definition.type, entity.path, owner)

    def _declared(self, text: str, path: str, owner: Entity | None) -> Entity | None:
        if text.lstrip("&?").strip() in self._grammar.own_types:
            return owner if isinstance(owner, Symbol) else None
        return self.of_type(text, path)

    def of_type(self, text: str, path: str) -> Symbol | None:
        """The type of the workspace that a type's text names; one that may be absent is meant by its own name."""
        text = text.strip("\"' ")
        if self._grammar.several_results and text.startswith("("):
            text = text[1:-1].split(",")[0]
        parts = [part.strip() for part in text.split("|")]
        present = [part for part in parts if part not in _ABSENT]
        optional = _OPTIONAL.match(present[0]) if len(present) == 1 else None
        text = optional[1] if optional else "|".join(present)
        text = _BEFORE_TYPE.sub("", text, count=1).rstrip("?*& ").removesuffix(" const").rstrip("*& ")
        found = _TYPE.fullmatch(text)
        if found is None:
            return None
        parts = re.split(r"\.|::|\\\\", found[1])
        return None if parts[-1] in self._grammar.carriers else self._only_type(self.names.follow(parts, path))

    def _of_first_value(self, definition: Definition, entity: Symbol, depth: int) -> Entity | None:
        """The type of what is set once, to a new object."""
        chain = whole_chain(_BEFORE_VALUE.sub("", definition.value or "", count=1))
        document = self.names.document(entity.path)
        if not chain or not chain[-1].called or depth <= 0 or document is None:
            return None
        assigned = [found[1] for found in _ASSIGNS.finditer("".join(document.lines))]
        if assigned.count(definition.name) > 1:
            return None
        found: Sequence[Entity] = self.names.find(chain[0].name, entity.path)
        for step in chain[1:]:
            modules = [one for one in found if isinstance(one, Module)]
            found = self.names.step(modules[0], step.name) if modules else ()
        return self._only_type(one for one in found if isinstance(one, Symbol))

    def _only_type(self, found: Iterable[Entity]) -> Symbol | None:
        only = self._only(iter(found))
        return only if isinstance(only, Symbol) and self.names.definition(only).kind == "class" else None

    def _only(self, found: Iterator[Entity | None]) -> Entity | None:
        """The one thing that all of `found` are."""
        first = next(found, None)
        return first if all(other == first for other in found) else None
