"""Copies of what the text at hand says, mixed into a model's next token.

`sorted_text` finds what followed the same bytes elsewhere, `copy_index` keeps sorted texts between requests,
`copy_model` asks them in one completion, and `mixture` mixes its answer with the model's.
"""
