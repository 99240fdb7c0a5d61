from memory_project import MemoryProject
from seekline.fim.context.names.entities import Symbol
from seekline.fim.context.names.nearby_definitions import files_around, namesakes
from seekline.fim.context.names.usage import likely_type, members_used


def test_the_files_around_are_of_the_language_and_the_nearest_come_first() -> None:
    project = MemoryProject(dict.fromkeys(["a/b/one.lua", "a/b/two.lua", "a/far.lua", "top.lua", "a/b/notes.py"], ""))
    assert files_around("a/b/one.lua", project, "lua") == ["a/b/two.lua", "a/far.lua", "top.lua"]


def test_definitions_are_found_by_the_words_that_name_them() -> None:
    project = MemoryProject({"m.rb": "class Store\n  def valid?\n  end\n\n  def other\n  end\nend\n"})
    assert namesakes({"valid"}, ["m.rb"], project.outline_within_budget) == {"valid": [Symbol("m.rb", 1)]}


def test_members_used_with_a_name() -> None:
    uses = members_used(("room:send(x)\n", "event.room.name = a::b\n", "$room->close();\n"))
    assert uses["room"] == {"send", "name", "close"}
    assert uses["event"] == {"room"}


def test_the_likely_type_has_most_of_what_is_used_and_rare_names_tell_more() -> None:
    owners = {0: "Room", 1: "Room", 2: "Item"}
    defined = {"send": [Symbol("a", 0), Symbol("a", 2)], "join": [Symbol("a", 1)], "name": [Symbol("a", 2)]}
    likely = likely_type(["send", "join", "unknown"], defined, lambda symbol: owners[symbol.number])
    assert likely is not None
    assert (likely.owner, likely.alike, likely.share) == ("Room", 2, 1.0)
    assert likely_type(["unknown"], defined, lambda symbol: owners[symbol.number]) is None
