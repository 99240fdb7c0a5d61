"""What can go wrong while a model is made, tuned or measured.

TrainingError
├── CorpusTooSmall   too little permissively licensed Python was found to learn from, or to measure with
├── RecipeChanged    the output folder was begun with other settings
├── OtherModel       the model to go on from has another shape
├── ListUnreadable   a list of repositories says something else than what is read, and for what
├── NotCompiled      the mixture is fitted on what only the compiled library computes
├── Diverged         the loss is no number any more
├── ExtraMissing     a package of the extra `learn` is not installed
├── NoSamples        there are none, too few, or the file is no file of samples
├── UnsupportedBase  a model that adapters are not trained for: its samples are another's, or its weights are packed
└── NotWritten       what a run keeps cannot be written, as where the disk is full
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


class NotCompiled(TrainingError):
    pass


class Diverged(TrainingError):
    pass


class ExtraMissing(TrainingError):
    pass


class NoSamples(TrainingError):
    pass


class UnsupportedBase(TrainingError):
    pass


class NotWritten(TrainingError):
    pass
