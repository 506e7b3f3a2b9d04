/** Simulated time: what is to happen, by when. What is due at one time happens in the order of asking. */
export interface Timeline {
  readonly now: number;
  at(time: number, happen: () => void): void;
  after(delay: number, happen: () => void): void;
  /** Lets time pass until `end`, or until nothing is left to happen. */
  runUntil(end: number): void;
}

interface Happening {
  readonly time: number;
  readonly order: number;
  readonly happen: () => void;
}

export function timeline(): Timeline {
  const heap: Happening[] = [];
  let now = 0;
  let order = 0;
  const at = (time: number, happen: () => void): void => {
    push(heap, { time: Math.max(time, now), order: order++, happen });
  };
  return {
    get now() {
      return now;
    },
    at,
    after: (delay, happen) => at(now + delay, happen),
    runUntil(end) {
      while (heap.length > 0 && heap[0]!.time <= end) {
        const next = pop(heap);
        now = next.time;
        next.happen();
      }
      now = end;
    },
  };
}

function earlier(a: Happening, b: Happening): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}

function push(heap: Happening[], item: Happening): void {
  let at = heap.length;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!earlier(item, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = item;
}

function pop(heap: Happening[]): Happening {
  const top = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child++;
    if (!earlier(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return top;
}
