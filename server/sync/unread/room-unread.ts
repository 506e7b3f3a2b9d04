import { MAIN_TIMELINE } from './thread-of.ts';

/** A count beyond it stays there; clients show «99+» long before. */
const KEPT_MAX = 1_000;

export interface Counts {
  readonly notification_count: number;
  readonly highlight_count: number;
}

export interface Unread {
  /** The main timeline where threads are apart, else everything. */
  readonly counts: Counts;
  /** By id of the thread's root; threads without any are left out. */
  readonly threads: ReadonlyMap<string, Counts>;
}

/** How far the user has read, as positions of the log. */
export interface ReadUpTo {
  /** Regardless of threads. */
  readonly all: number;
  readonly threads: ReadonlyMap<string, number>;
}

interface Notifying {
  readonly position: number;
  readonly threadId: string;
  readonly highlight: boolean;
}

const NOTHING_READ: ReadUpTo = { all: 0, threads: new Map() };

/** The events of one room that one user has been or would be notified of and has not read. */
export class RoomUnread {
  #notifying: Notifying[] = [];
  #highlights = 0;
  #read = NOTHING_READ;
  /** All events of the timeline up to here have been looked at. */
  countedTo: number;
  /** Where counting began: what lies before is read. */
  readonly begin: number;

  constructor(begin: number) {
    this.begin = begin;
    this.countedTo = begin;
  }

  notify(event: Notifying): void {
    if (!isBehind(this.#read, event)) return;
    this.#notifying.push(event);
    if (event.highlight) this.#highlights++;
    if (this.#notifying.length > KEPT_MAX && this.#notifying.shift()!.highlight) this.#highlights--;
  }

  /** To send something is to have read what came before, in that thread. */
  sentIn(threadId: string): void {
    if (this.#notifying.length > 0) this.#keep((each) => each.threadId !== threadId);
  }

  /** Looks at all that is unread only where the user has read on since. */
  read(upTo: ReadUpTo): void {
    if (this.#hasReadTo(upTo)) return;
    this.#keep((each) => isBehind(upTo, each));
    this.#read = upTo;
  }

  counts({ threadsApart }: { threadsApart: boolean }): Unread {
    if (!threadsApart) {
      const notification_count = this.#notifying.length;
      const counts = { notification_count, highlight_count: this.#highlights };
      return { counts, threads: new Map() };
    }
    const byThread = Map.groupBy(this.#notifying, (each) => each.threadId);
    const main = byThread.get(MAIN_TIMELINE) ?? [];
    byThread.delete(MAIN_TIMELINE);
    const threads = new Map([...byThread].map(([id, events]) => [id, countsOf(events)]));
    return { counts: countsOf(main), threads };
  }

  #keep(test: (event: Notifying) => boolean): void {
    this.#notifying = this.#notifying.filter(test);
    this.#highlights = countsOf(this.#notifying).highlight_count;
  }

  #hasReadTo({ all, threads }: ReadUpTo): boolean {
    if (all !== this.#read.all || threads.size !== this.#read.threads.size) return false;
    for (const [threadId, position] of threads)
      if (this.#read.threads.get(threadId) !== position) return false;
    return true;
  }
}

/** A receipt may be ahead of what has been counted. */
export const isBehind = (
  { all, threads }: ReadUpTo,
  { position, threadId }: Pick<Notifying, 'position' | 'threadId'>,
): boolean => position > all && position > (threads.get(threadId) ?? 0);

const countsOf = (events: readonly Notifying[]): Counts => ({
  notification_count: events.length,
  highlight_count: events.filter((event) => event.highlight).length,
});
