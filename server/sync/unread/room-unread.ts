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

/** The events of one room that one user has been or would be notified of and has not read. */
export class RoomUnread {
  #notifying: Notifying[] = [];
  /** All events of the timeline up to here have been looked at. */
  countedTo: number;
  /** Where counting began: what lies before is read. */
  readonly begin: number;

  constructor(begin: number) {
    this.begin = begin;
    this.countedTo = begin;
  }

  notify(event: Notifying): void {
    this.#notifying.push(event);
    if (this.#notifying.length > KEPT_MAX) this.#notifying.shift();
  }

  /** To send something is to have read what came before, in that thread. */
  sentIn(threadId: string): void {
    this.#notifying = this.#notifying.filter((each) => each.threadId !== threadId);
  }

  read({ all, threads }: ReadUpTo): void {
    this.#notifying = this.#notifying.filter(
      ({ position, threadId }) => position > all && position > (threads.get(threadId) ?? 0),
    );
  }

  counts({ threadsApart }: { threadsApart: boolean }): Unread {
    if (!threadsApart) return { counts: countsOf(this.#notifying), threads: new Map() };
    const byThread = Map.groupBy(this.#notifying, (each) => each.threadId);
    const main = byThread.get(MAIN_TIMELINE) ?? [];
    byThread.delete(MAIN_TIMELINE);
    const threads = new Map([...byThread].map(([id, events]) => [id, countsOf(events)]));
    return { counts: countsOf(main), threads };
  }
}

const countsOf = (events: readonly Notifying[]): Counts => ({
  notification_count: events.length,
  highlight_count: events.filter((event) => event.highlight).length,
});
