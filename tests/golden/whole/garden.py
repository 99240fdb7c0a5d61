"""Beds of a garden and when to water them."""

from __future__ import annotations

from dataclasses import dataclass, field

LIMITS = {
    "herbs": (1, 3),
    "roses": (2, 8),
}
HELP = """
Usage: garden [options]

  (see the manual for what {braces} mean
"""


class TooDry(Exception):
    """A bed that needs water at once."""


@dataclass
class Bed:
    """What grows in one place."""

    name: str
    litres: float = 0.0
    plants: list[str] = field(default_factory=list)

    @property
    def is_dry(self) -> bool:
        least, _ = LIMITS.get(self.name, (1, 1))
        return self.litres < least

    def water(self, litres: float) -> float:
        if litres <= 0:
            litres = abs(litres) or float(f"{len(self.name)}.5")
        elif self.litres + litres > 10:
            litres = 10 - self.litres
        else:
            self.plants.sort()

        self.litres += litres
        return litres


def thirsty(beds: list[Bed], *, strict: bool = False) -> list[str]:
    names: list[str] = []
    for bed in beds:
        try:
            if bed.is_dry:
                names.append(bed.name)
        except TooDry:
            if strict:
                raise
        finally:
            bed.plants = [plant.strip() for plant in bed.plants if plant]

    return sorted(
        names,
        key=len,
    )
