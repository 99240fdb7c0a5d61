"""What can go wrong while a model is made, tuned or measured.

TrainingError
├── CorpusTooSmall   too little permissively licensed Python was found to learn from, or to measure with
├── RecipeChanged    the output folder was begun with other settings
├── OtherModel       the model to go on from has another shape
├── ListUnreadable   a list of repositories says something else than what is read, and for what
├── NothingToLearn   a folder that is none, or that has no file to learn from
├── SetUnreadable    a file of a published set is none, or a line in it lacks a field
├── PackageMissing   a package of the extra `learn` is not installed
├── NotWritten       what a run keeps cannot be written, as where the disk is full, or another run writes there
├── NotCompiled      the mixture is fitted on what only the compiled library computes
├── Diverged         the loss is no number any more
├── NoSamples        there are none, too few, or the file is no file of samples
├── NoTraining      a folder to train in, or the report in it, is of something else
├── UnsupportedBase  a model that adapters are not trained for: its samples are another's, or its weights are packed
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


class NoSamples(TrainingError):
    pass


class NoTraining(TrainingError):
    pass


class UnsupportedBase(TrainingError):
    pass


class AnswersUnreadable(TrainingError):
    pass


class NoSandbox(TrainingError):
    pass


class SandboxFailed(TrainingError):
    pass
