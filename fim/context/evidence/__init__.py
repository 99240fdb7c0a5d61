"""What speaks for the symbols of other files: one kind of evidence per file, in one ordered list (`kinds.py`).

A kind is a function `note(evidence)` that writes facts about symbols into the notebook (`notebook.py`). To add a kind,
add its file and its line in the list. What the facts are worth together, `ranking` says.
"""
