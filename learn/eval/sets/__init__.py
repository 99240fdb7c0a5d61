"""Published sets: their files become tasks, a model answers them, answers are scored and, where asked for, run.

Nothing here is part of a set: the user names the file.
"""
