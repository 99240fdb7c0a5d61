"""Where a training is kept: below the user's cache, one for each repository and base, as adapters are."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from ...model.catalogue.learned import adapters_home, learned_folder


def training_folder(repository: Path, base: Path) -> Path:
    """`base`: the model's folder. Raises what `learned_folder` raises."""
    where = learned_folder(repository, base).relative_to(adapters_home())
    return platformdirs.user_cache_path("seekline", appauthor=False) / "learning" / where
