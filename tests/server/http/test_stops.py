"""Where a text ends, however it comes in pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from seekline.server.http.stops import StopStrings

LETTERS = st.text("ab\n", max_size=12)


@given(st.lists(LETTERS, max_size=8), st.lists(st.text("ab\n", max_size=3), max_size=3))
def test_the_first_stop_ends_it_wherever_the_pieces_end(pieces: list[str], given_stops: list[str]) -> None:
    text, stops = "".join(pieces), StopStrings(given_stops)
    shown = "".join(stops.feed(piece) for piece in pieces)
    if not stops.found:
        shown += stops.finish()
    places = [place for stop in given_stops if stop and (place := text.find(stop)) >= 0]
    assert (stops.found is not None) == bool(places)
    assert stops.found is None or text[min(places) :].startswith(stops.found)
    assert shown == (text[: min(places)] if places else text)


@given(st.lists(LETTERS, max_size=8), st.lists(st.text("ab\n", min_size=1, max_size=3), max_size=3))
def test_nothing_is_held_back_that_begins_no_stop(pieces: list[str], given_stops: list[str]) -> None:
    stops = StopStrings(given_stops)
    shown = ""
    for number, piece in enumerate(pieces):
        shown += stops.feed(piece)
        held = "".join(pieces[: number + 1])[len(shown) :]
        assert stops.found or not held or any(stop.startswith(held) for stop in given_stops)
