import { ForAWhile } from '../log/for-a-while.ts';
import { current, type Window } from '../log/window.ts';
import type { ServerName } from '../protocol/identifiers.ts';

/** Once in that time of each server, for each thing that is wrong with what it sends. */
const EVERY_MS = 3_600_000;
const REMEMBERED_MAX = 4_096;
/** Of all servers in that time: whoever has a domain has any number of them. */
const OF_ALL_MAX = 100;
const TEXT_LENGTH_MAX = 300;

/** Something that another server sent was refused. */
export class RefusedFromServer extends Error {
  override readonly name = 'RefusedFromServer';
}

/** What is wrong with what others send is logged so that somebody can look after it, and never so often that it fills a disk. */
export class Complaints {
  readonly #tell: (error: RefusedFromServer) => void;
  readonly #now: () => number;
  readonly #told: ForAWhile<string>;
  #ofAll: Window | undefined;

  constructor(ports: { readonly onError: (error: unknown) => void; readonly now: () => number }) {
    this.#tell = ports.onError;
    this.#now = ports.now;
    this.#told = new ForAWhile(REMEMBERED_MAX, ports.now);
  }

  about(origin: ServerName, what: string, detail: string): void {
    const key = `${origin} ${what}`;
    if (this.#told.has(key)) return;
    this.#ofAll = current(this.#ofAll, { nowMs: this.#now(), lastsMs: EVERY_MS });
    if (this.#ofAll.count >= OF_ALL_MAX) return;
    this.#ofAll.count += 1;
    this.#told.add(key, EVERY_MS);
    const text = `${origin}: ${what}: ${detail}`.slice(0, TEXT_LENGTH_MAX);
    this.#tell(new RefusedFromServer(`${text} (said once an hour)`));
  }
}
