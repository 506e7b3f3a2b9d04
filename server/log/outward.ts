import type { Database } from '../storage/database.ts';
import { outwardPosition, outwardPositionRow } from '../storage/outward-cursors.ts';
import { commitRows } from './commit-rows.ts';
import type { Log } from './log.ts';
import { Rounds } from './rounds.ts';

/** One kind of what leaves the house: push, an appservice, a federation peer, a search index. */
export interface OutwardQueue<Item extends { readonly position: number }> {
  /** Of its cursor, for good. */
  readonly name: string;
  /**
   * What there is to send in (after, upTo], by position, at most `limit`; one item has one position.
   * From tables, not from the log: that is trimmed after a day, and peers stay away for weeks.
   */
  read(range: Span & { limit: number }): Promise<readonly Item[]>;
  /**
   * Sends them, in order, and resolves when none needs to be sent again. It may reject, or be killed,
   * when some are sent: they come again, with `mayRepeat`. Every wait in it must have a limit.
   */
  send(items: readonly Item[], how: { mayRepeat: boolean; signal: AbortSignal }): Promise<void>;
}

interface Span {
  readonly after: number;
  readonly upTo: number;
}

export interface OutwardPorts {
  readonly log: Pick<Log, 'commit' | 'onCommitted' | 'committed'>;
  readonly database: Database;
  readonly onError: (error: unknown) => void;
  readonly pageMax?: number;
  readonly saveEveryMs?: number;
  /** After so many failures on end. */
  readonly pauseMs?: (failures: number) => number;
}

const PAGE_MAX = 100;
const SAVE_EVERY_MS = 1_000;
const PAUSE_MS_MAX = 60_000;

/**
 * Sends a queue in the order of the log, at least once. To be opened behind a takeover, by the writer.
 *
 * Where it stands is saved at most once a second, by a commit like any other, so an old writer cannot
 * set it back. What may repeat is what was committed when this writer began and lies behind the saved
 * position (the writer before may have sent it), and a page whose sending failed. Nothing else does.
 */
export class Outward<Item extends { readonly position: number }> {
  readonly #ports: OutwardPorts;
  readonly #queue: OutwardQueue<Item>;
  readonly #rounds: Rounds;
  readonly #stop = new AbortController();
  #position: number;
  #saved: number;
  /** Up to here somebody may have sent already. */
  #mayRepeatUpTo: number;
  #failures = 0;
  #pause: NodeJS.Timeout | undefined;
  #saving: NodeJS.Timeout | undefined;

  /** A queue that is new begins now: what came before is nobody's. */
  static async open<Item extends { readonly position: number }>(
    queue: OutwardQueue<Item>,
    ports: OutwardPorts,
  ): Promise<Outward<Item>> {
    const { committed } = ports.log;
    const saved = await outwardPosition(ports.database, queue.name);
    if (saved === undefined) await save(ports, queue.name, committed.position);
    return new Outward(queue, ports, saved ?? committed.position, committed.position);
  }

  private constructor(
    queue: OutwardQueue<Item>,
    ports: OutwardPorts,
    position: number,
    mayRepeatUpTo: number,
  ) {
    this.#queue = queue;
    this.#ports = ports;
    this.#position = position;
    this.#saved = position;
    this.#mayRepeatUpTo = mayRepeatUpTo;
    this.#rounds = new Rounds({
      isThere: () =>
        !this.#stop.signal.aborted &&
        this.#pause === undefined &&
        this.#position < ports.log.committed.position,
      round: () => this.#round(),
    });
    ports.log.onCommitted(() => this.#rounds.wake());
    this.#rounds.wake();
  }

  /** All up to here needs no more sending. */
  get position(): number {
    return this.#position;
  }

  /** Before the log is closed. What is under way is told to end, and waited for. */
  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#pause);
    clearTimeout(this.#saving);
    await this.#rounds.asleep();
    if (this.#position > this.#saved)
      await save(this.#ports, this.#queue.name, this.#position).catch(this.#ports.onError);
  }

  async #round(): Promise<void> {
    const span = this.#nextSpan();
    const limit = this.#ports.pageMax ?? PAGE_MAX;
    const mayRepeat = span.upTo <= this.#mayRepeatUpTo;
    try {
      const items = await this.#queue.read({ ...span, limit });
      const upTo = items.length < limit ? span.upTo : items.at(-1)!.position;
      if (items.length > 0) {
        this.#mayRepeatUpTo = Math.max(this.#mayRepeatUpTo, upTo);
        await this.#queue.send(items, { mayRepeat, signal: this.#stop.signal });
      }
      this.#position = upTo;
      this.#failures = 0;
      this.#saveSoon();
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#ports.onError(error);
      this.#pauseAfterFailure();
    }
  }

  /** What may repeat and what may not do not go together. */
  #nextSpan(): Span {
    const [after, committed] = [this.#position, this.#ports.log.committed.position];
    const upTo = after < this.#mayRepeatUpTo ? Math.min(committed, this.#mayRepeatUpTo) : committed;
    return { after, upTo };
  }

  #pauseAfterFailure() {
    this.#failures += 1;
    const pauseMs = (this.#ports.pauseMs ?? growing)(this.#failures);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#rounds.wake();
    }, pauseMs);
  }

  /** The timer stands until its save has ended, and then the same step looks again. */
  #saveSoon() {
    if (this.#saving !== undefined || this.#position <= this.#saved) return;
    if (this.#stop.signal.aborted) return;
    this.#saving = setTimeout(() => void this.#save(), this.#ports.saveEveryMs ?? SAVE_EVERY_MS);
  }

  async #save(): Promise<void> {
    const position = this.#position;
    try {
      await save(this.#ports, this.#queue.name, position);
      this.#saved = position;
    } catch (error) {
      this.#ports.onError(error);
    }
    this.#saving = undefined;
    this.#saveSoon();
  }
}

const save = ({ log }: OutwardPorts, name: string, position: number): Promise<void> =>
  commitRows(log, [outwardPositionRow(name, position)]);

const growing = (failures: number) => Math.min(PAUSE_MS_MAX, 500 * 2 ** Math.min(failures, 10));
