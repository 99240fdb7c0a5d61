"""The facts that can speak for a symbol. Their values are the keys of weights.toml: each has a weight, and no other."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from ..code.outline import Kind


class Fact(str, Enum):
    """One thing that can be known of a symbol. A fact about a group has a second one: how large the group is."""

    # The cursor: what is being written there.
    RECEIVER = "receiver"
    RECEIVER_GROUP_SIZE = "receiver: group size"
    TYPE_OF_RECEIVER = "type of receiver"
    NOT_OF_RECEIVER = "not of the receiver"
    NOT_OF_UNKNOWN_RECEIVER = "not of an unknown receiver"
    CALLED = "called"
    IN_PARAMETER = "in a parameter"
    IN_PARAMETER_GROUP_SIZE = "in a parameter: group size"
    IN_LITERAL = "in a literal"
    IN_LITERAL_GROUP_SIZE = "in a literal: group size"

    # Around the cursor: what expressions and variables are.
    NAMED = "named"
    CONSTRUCTOR_NAMED = "constructor named"
    FILE_NAMED = "file named"
    OWNER_NAMED = "owner named"
    TYPE_NEARBY = "type nearby"
    MEMBER_NEARBY = "member nearby"
    MEMBER_NEARBY_GROUP_SIZE = "member nearby: group size"
    MODULE_NEARBY = "module nearby"
    MODULE_NEARBY_GROUP_SIZE = "module nearby: group size"

    # Imports by name, used already or not yet.
    IMPORTED = "imported"
    IN_IMPORTED_MODULE = "in imported module"
    IN_IMPORTED_MODULE_GROUP_SIZE = "in imported module: group size"
    CONSTRUCTOR_OF_IMPORTED = "constructor of imported"
    MEMBER_OF_IMPORTED = "member of imported"
    MEMBER_OF_IMPORTED_GROUP_SIZE = "member of imported: group size"
    STATIC_OF_IMPORTED = "static of imported"
    UNUSED = "unused"
    IN_UNUSED_MODULE = "in unused module"
    IN_UNUSED_MODULE_GROUP_SIZE = "in unused module: group size"
    CONSTRUCTOR_OF_UNUSED = "constructor of unused"
    MEMBER_OF_UNUSED = "member of unused"
    MEMBER_OF_UNUSED_GROUP_SIZE = "member of unused: group size"
    STATIC_OF_UNUSED = "static of unused"

    # What is in scope without a name in an import.
    STAR = "star"
    STAR_GROUP_SIZE = "star: group size"
    UNUSED_HEADER = "unused header"
    UNUSED_HEADER_GROUP_SIZE = "unused header: group size"
    BASE = "base"
    INHERITED = "inherited"
    INHERITED_GROUP_SIZE = "inherited: group size"
    OWN_MEMBER = "own member"
    OWN_MEMBER_GROUP_SIZE = "own member: group size"
    PACKAGE = "package"
    PACKAGE_GROUP_SIZE = "package: group size"
    PACKAGE_RANK = "package rank"

    # Names alone.
    DEFINED_NEARBY = "defined nearby"
    DEFINED_NEARBY_GROUP_SIZE = "defined nearby: group size"
    DEFINED_NEARBY_MEMBER_WANTED = "defined nearby: member wanted"
    DEFINED_NEARBY_NOT_IMPORTED = "defined nearby: not imported"
    LIKELY_RECEIVER = "likely receiver"
    LIKELY_RECEIVER_SHARED_MEMBERS = "likely receiver: shared members"
    LIKELY_TYPE_NEARBY = "likely type nearby"
    LIKELY_TYPE_NEARBY_SHARED_MEMBERS = "likely type nearby: shared members"
    NAMED_FILE = "named file"
    SIGNATURE = "signature"

    # Words: of the symbol, at the cursor, in the files beside it.
    WORD_NEARBY = "word nearby"
    WORD_USED = "word used"
    USED_WITH = "used with"
    USED_BESIDE = "used beside"
    ALIKE_NEARBY = "alike nearby"
    ALIKE_AWAITED = "alike awaited"
    ALIKE_BEGUN = "alike begun"
    ALIKE_PURPOSE = "alike purpose"
    TYPE_AWAITED = "type awaited"

    # The definition itself.
    KIND_CLASS = "kind class"
    KIND_FUNCTION = "kind function"
    KIND_FIELD = "kind field"
    KIND_CONSTANT = "kind constant"
    KIND_TYPE = "kind type"
    KIND_MODULE = "kind module"
    KIND_SCOPE = "kind scope"
    CONSTRUCTOR = "constructor"
    SPECIAL_NAME = "special name"
    HIDDEN = "hidden"
    MEMBER = "member"
    SIBLINGS = "siblings"
    PRIVATE = "private"
    LIBRARY = "library"


Facts = Mapping[Fact, float]
"""What is known of one symbol, each fact with its strength."""

GROUP_SIZE: Mapping[Fact, Fact] = {
    Fact.RECEIVER: Fact.RECEIVER_GROUP_SIZE,
    Fact.IN_PARAMETER: Fact.IN_PARAMETER_GROUP_SIZE,
    Fact.IN_LITERAL: Fact.IN_LITERAL_GROUP_SIZE,
    Fact.MEMBER_NEARBY: Fact.MEMBER_NEARBY_GROUP_SIZE,
    Fact.MODULE_NEARBY: Fact.MODULE_NEARBY_GROUP_SIZE,
    Fact.IN_IMPORTED_MODULE: Fact.IN_IMPORTED_MODULE_GROUP_SIZE,
    Fact.MEMBER_OF_IMPORTED: Fact.MEMBER_OF_IMPORTED_GROUP_SIZE,
    Fact.IN_UNUSED_MODULE: Fact.IN_UNUSED_MODULE_GROUP_SIZE,
    Fact.MEMBER_OF_UNUSED: Fact.MEMBER_OF_UNUSED_GROUP_SIZE,
    Fact.STAR: Fact.STAR_GROUP_SIZE,
    Fact.UNUSED_HEADER: Fact.UNUSED_HEADER_GROUP_SIZE,
    Fact.INHERITED: Fact.INHERITED_GROUP_SIZE,
    Fact.OWN_MEMBER: Fact.OWN_MEMBER_GROUP_SIZE,
    Fact.PACKAGE: Fact.PACKAGE_GROUP_SIZE,
}
"""The facts about groups, and the fact that says how large the group is."""

KIND: Mapping[Kind, Fact] = {
    "class": Fact.KIND_CLASS,
    "function": Fact.KIND_FUNCTION,
    "field": Fact.KIND_FIELD,
    "constant": Fact.KIND_CONSTANT,
    "type": Fact.KIND_TYPE,
    "module": Fact.KIND_MODULE,
    "scope": Fact.KIND_SCOPE,
}
"""The fact that a definition is of its kind."""
