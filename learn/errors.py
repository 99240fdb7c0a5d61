"""What can go wrong while a model is made, tuned or measured.

TrainingError
├── CorpusTooSmall   too little permissively licensed Python was found to learn from, or to measure with
├── RecipeChanged    the output folder was begun with other settings
├── OtherModel       the model to go on from has another shape
├── ListUnreadable   a list of repositories says something else than what is read, and for what
├── NothingToLearn   a folder that is none, or that has no file to learn from
├── SetUnreadable    an evaluation set that no training text may share cannot be read
├── PackageMissing   a package of the extra `learn` is not installed
├── NotWritten       the output folder cannot be written, or another run writes to it
├── NotCompiled      the mixture is fitted on what only the compiled library computes
├── Diverged         the loss is no number any more
├── SetUnreadable    a file of a published set is none, or a line in it lacks a field
├── AnswersUnreadable  a file of answers is none, or of other tasks
├── NoSandbox        nothing here contains a program that a model wrote
└── SandboxFailed    what contains a program did not start
"""

from __future__ import annotations

from ..model.errors import ModelError


class TrainingError(ModelError):
    pass


class CorpusTooSmall(TrainingError):
    pass


class RecipeChanged(TrainingError):
    pass


class OtherModel(TrainingError):
    pass


class ListUnreadable(TrainingError):
    pass


class NothingToLearn(TrainingError):
    pass


class SetUnreadable(TrainingError):
    pass


class PackageMissing(TrainingError):
    pass


class NotWritten(TrainingError):
    pass


class NotCompiled(TrainingError):
    pass


class Diverged(TrainingError):
    pass


class SetUnreadable(TrainingError):
    pass


class AnswersUnreadable(TrainingError):
    pass


class NoSandbox(TrainingError):
    pass


class SandboxFailed(TrainingError):
    pass
