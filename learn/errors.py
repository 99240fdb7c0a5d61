"""What can go wrong while the embedded model is made.

TrainingError
├── CorpusTooSmall   too little permissively licensed Python was found to learn from, or to measure with
├── RecipeChanged    the output folder was begun with other settings
├── OtherModel       the model to go on from has another shape
├── ListUnreadable   a list of repositories says something else than what is read, and for what
├── NotCompiled      the mixture is fitted on what only the compiled library computes
└── Diverged         the loss is no number any more
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
