/** What happens next: a binary heap by time; of two at the same time, the one that was added first. */
interface Event<T> {
  readonly atMs: number;
  readonly order: number;
  readonly what: T;
}

export class EventQueue<T> {
  readonly #heap: Event<T>[] = [];
  #added = 0;

  add(atMs: number, what: T): void {
    const event = { atMs, order: (this.#added += 1), what };
    let at = this.#heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(event, this.#heap[above])) break;
      this.#put(at, this.#heap[above]);
      at = above;
    }
    this.#put(at, event);
  }

  take(): Event<T> | null {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return null;
    const size = this.#heap.length;
    if (size === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= size) break;
      if (below + 1 < size && isBefore(this.#heap[below + 1], this.#heap[below])) below += 1;
      if (!isBefore(this.#heap[below], last)) break;
      this.#put(at, this.#heap[below]);
      at = below;
    }
    this.#put(at, last);
    return first;
  }

  #put(at: number, event: Event<T> | undefined): void {
    if (event !== undefined) this.#heap[at] = event;
  }
}

const isBefore = <T>(a: Event<T> | undefined, b: Event<T> | undefined): boolean =>
  a !== undefined && b !== undefined && (a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));
