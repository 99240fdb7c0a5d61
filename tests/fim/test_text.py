from seekline import fim


def test_only_three_line_ends_end_lines() -> None:
    text = "a\x0cb\r\nc\x0bd\u2028e\x85f\rg\n\nh"
    assert fim.split_lines(text) == ["a\x0cb\r\n", "c\x0bd\u2028e\x85f\r", "g\n", "\n", "h"]
    assert "".join(fim.split_lines(text)) == text
    assert fim.split_lines("") == []


def test_document_around_the_cursor() -> None:
    document = fim.Document(path="a.py", language=None, lines=("ab\r\n", "cd\n"))
    assert (document.before(fim.Cursor(line=0, column=1)), document.after(fim.Cursor(line=0, column=1))) == ("a", "b")
    beyond = fim.Cursor(line=2, column=0)
    assert (document.before(beyond), document.after(beyond), document.following_lines(beyond)) == ("", "", ())
