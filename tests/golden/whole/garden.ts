export interface Plant {
  name: string;
  heights: number[];
}

type Listener<T> = (value: T, index: number) => void;

export class Store<T extends Plant> {
  private readonly items = new Map<string, T>();
  private listeners: Listener<T>[] = [];

  add(item: T): this {
    this.items.set(item.name, item);
    this.listeners.forEach((listener, index) => {
      listener(item, index);
    });
    return this;
  }

  on(listener: Listener<T>): () => void {
    this.listeners.push(listener);

    return () => {
      this.listeners = this.listeners.filter((other) => other !== listener);
    };
  }

  tallest(): T | undefined {
    let found: T | undefined;
    for (const item of this.items.values()) {
      if (!found || Math.max(...item.heights) > Math.max(...found.heights)) {
        found = item;
      }
    }
    return found;
  }
}

export const describe = (plant: Plant): string => {
  const text = `
${plant.name} (grown)
  is ${plant.heights.map((height) => `${height} cm`).join(', ')}
`;
  return text.trim();
};

export const defaults: Plant = {
  name: 'moss',
  heights: [
    1,
    2,
  ],
};
