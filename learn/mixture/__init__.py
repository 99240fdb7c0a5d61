"""How the parameters are fitted by which a model's next token is mixed with copies of the text at hand.

`repositories` says what is read, `evidence` what model and copies say at every token of the true text, `fit` learns
from it how far to trust either, and `recipe` is all of it in order.
"""
