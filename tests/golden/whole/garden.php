<?php

namespace Garden;

use InvalidArgumentException;

# Beds of a garden.
final class Bed
{
    private array $plants = [
        'herbs' => 1,
        'roses' => 2,
    ];

    public function __construct(
        private string $name,
        private float $litres = 0.0,
    ) {
    }

    public function water(float $litres): float
    {
        if ($litres <= 0) {
            throw new InvalidArgumentException("{$litres} is no (amount");
        } elseif (isset($this->plants[$this->name])) {
            $litres *= $this->plants[$this->name];
        }

        $this->litres += $litres;

        return $this->litres;
    }

    public function describe(): string
    {
        $text = <<<TEXT
        The bed's name (is
        {$this->name}
        TEXT;

        return trim($text);
    }

    public function sorted(array $beds): array
    {
        usort($beds, function (Bed $a, Bed $b) {
            return $a->name <=> $b->name;
        });
        foreach ($beds as $number => $bed) {
            switch ($number) {
                case 0:
                    $bed->water(1);
                    break;
                default:
                    $bed->water(2);
            }
        }

        return $beds;
    }
}
