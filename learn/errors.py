"""What can go wrong while the embedded model is made.

TrainingError
├── CorpusTooSmall   too little permissively licensed Python was found to learn from, or to measure with
├── RecipeChanged    the output folder was begun with other settings
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


class Diverged(TrainingError):
    pass
