import { readFile } from 'node:fs/promises';

const LIMITS = {
  herbs: [1, 3],
  roses: [2, 8],
};
const QUOTE = /["'`({]/g;

export class Bed {
  constructor(name, litres = 0) {
    this.name = name;
    this.litres = litres;
  }

  get isDry() {
    const [least] = LIMITS[this.name] ?? [1];
    return this.litres < least;
  }

  water(litres) {
    if (litres <= 0) {
      throw new RangeError(`${litres} is no amount of water (${this.name})`);
    } else if (litres > 10) {
      litres = 10;
    }

    this.litres += litres;
    return this;
  }
}

export async function load(path) {
  const text = await readFile(path, 'utf8');
  return text
    .split('\n')
    .filter((line) => line.length > 0)
    .map((line) => {
      const [name, litres] = line.replace(QUOTE, '').split(',');
      return new Bed(name, Number(litres));
    });
}

export function report(beds) {
  beds.forEach((bed) => {
    switch (bed.name) {
      case 'herbs':
        console.log('(herbs', bed.litres);
        break;
      default:
        console.log(bed.name);
    }
  });

  return beds.reduce(
    (sum, bed) => sum + bed.litres,
    0,
  );
}
