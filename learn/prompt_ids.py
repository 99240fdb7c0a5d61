"""From the pieces of a prompt to ids, as the server makes them."""

from __future__ import annotations

from .. import fim, model


def ids_of(piece: fim.Text | fim.Special, tokenizer: model.Tokenizer) -> list[int]:
    """Text becomes text, whatever it spells; only a special piece becomes a control token, which has to be one."""
    if isinstance(piece, fim.Special):
        return [tokenizer.control_id(piece.token)]
    return tokenizer.encode_text(piece.text)
