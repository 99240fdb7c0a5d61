package garden

import (
	"errors"
	"fmt"
)

var errTooLittle = errors.New("too little water")

const usage = `garden [options]
  (see the manual {
`

// Bed is what grows in one place.
type Bed struct {
	Name   string
	Litres float64
	Plants []string
}

// Water gives a bed some litres.
func (b *Bed) Water(litres float64) error {
	if litres <= 0 {
		return fmt.Errorf("watering %s: %w", b.Name, errTooLittle)
	}

	b.Litres += litres
	for i, plant := range b.Plants {
		if plant == "" {
			b.Plants = append(
				b.Plants[:i],
				b.Plants[i+1:]...,
			)
			break
		}
	}
	return nil
}

// Level says how wet a bed is.
func Level(b *Bed) string {
	switch {
	case b.Litres < 1:
		return "dry"
	case b.Litres > 8:
		return "wet"
	default:
		return "right"
	}
}

func waterAll(beds []*Bed) (done chan bool) {
	done = make(chan bool)
	go func() {
		defer close(done)
		for _, bed := range beds {
			if err := bed.Water(1); err != nil {
				fmt.Println('{', err)
			}
		}
	}()
	return done
}
