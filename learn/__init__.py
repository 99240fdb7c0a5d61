"""How the embedded model is made: `python -m seekline.learn` does it in one command.

Importing this package imports no torch, and nothing that the server runs imports this package.
"""
