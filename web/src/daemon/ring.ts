/**
 * The newest items of a stream, at most `capacity` of them: what is full displaces the oldest, and
 * `displaced` counts how many went that way.
 */
export class Ring<T> {
  private readonly slots: (T | undefined)[];
  private start = 0;
  private count = 0;
  displaced = 0;

  constructor(readonly capacity: number) {
    if (!(capacity >= 1)) throw new Error("a ring holds at least one item");
    this.slots = new Array<T | undefined>(capacity);
  }

  get length(): number {
    return this.count;
  }

  push(item: T): void {
    this.slots[(this.start + this.count) % this.capacity] = item;
    if (this.count < this.capacity) {
      this.count += 1;
    } else {
      this.start = (this.start + 1) % this.capacity;
      this.displaced += 1;
    }
  }

  /** The item at `index`, 0 being the oldest held. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.count) return undefined;
    return this.slots[(this.start + index) % this.capacity];
  }

  newest(): T | undefined {
    return this.at(this.count - 1);
  }

  /** Oldest first. */
  toArray(): T[] {
    const result: T[] = [];
    for (let index = 0; index < this.count; index += 1) result.push(this.at(index) as T);
    return result;
  }

  clear(): void {
    this.slots.fill(undefined);
    this.start = 0;
    this.count = 0;
    this.displaced = 0;
  }
}
