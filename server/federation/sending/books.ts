import { commitRows } from '../../log/commit-rows.ts';
import type { Log } from '../../log/log.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import {
  destinationGoneRow,
  destinationRow,
  type StoredDestination,
} from '../../storage/federation/destinations.ts';
import { noLettersRow, noPostRow, type Posted } from '../../storage/federation/outbox.ts';
import { outwardPositionRow } from '../../storage/outward-cursors.ts';
import type { Row } from '../../storage/write.ts';
import { Absences } from './absences.ts';
import type { BackOff } from './back-off.ts';
import type { Lacks } from './lacks.ts';

export interface BooksPorts {
  readonly log: Pick<Log, 'commit'>;
  readonly lacks: Lacks;
  /** Up to here all destinations were given, or posted, what is theirs. */
  readonly given: () => number;
  /** Has it noted of whom, up to a position, not all is taken yet. */
  readonly noteUpTo: (position: number) => void;
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
  readonly saveEveryMs?: number | undefined;
  readonly unknownFailuresMax?: number | undefined;
}

export const CURSOR = 'federation';

const SAVE_EVERY_MS = 1_000;
const ROWS_MAX = 2_000;
/** A server that does not answer is remembered to be so from then on: what is shorter costs no row. */
const FAILURES_MIN = 3;
/** A server that never was there: a day and some hours. */
const UNKNOWN_FAILURES_MAX = 36;
const ACTIVE_EVERY_MS = 10 * 60_000;

/**
 * What the next writer goes on from, written at most once a second and not for each event. The cursor stays one round
 * behind: what was given to somebody a round ago and is not taken yet is noted then, and with that it may pass.
 */
export class Books {
  readonly #ports: BooksPorts;
  readonly #destinations = new Map<ServerName, StoredDestination>();
  readonly #known: Map<ServerName, StoredDestination>;
  readonly #absences: Absences;
  #noPost: Row[] = [];
  #mark: number;
  #saved: number;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(
    ports: BooksPorts,
    saved: { position: number; destinations: readonly StoredDestination[] },
  ) {
    this.#ports = ports;
    this.#saved = saved.position;
    this.#mark = saved.position;
    this.#absences = new Absences(saved.destinations);
    this.#known = new Map(saved.destinations.map((each) => [each.serverName, each]));
  }

  /** Something is there that may have to be saved. */
  moved(): void {
    if (this.#timer !== undefined || this.#isClosed || !this.#isThere()) return;
    const { saveEveryMs = SAVE_EVERY_MS } = this.#ports;
    this.#timer = setTimeout(() => void this.#round(), saveEveryMs);
    this.#timer.unref();
  }

  /** Whether it ever took something from us, or asked something of us. */
  knows(serverName: ServerName): boolean {
    return (this.#known.get(serverName)?.activeMs ?? 0) > 0;
  }

  /** Whether it has been away for so long that messages to devices are not kept for it any longer. */
  isGivenUp(serverName: ServerName, failures: number): boolean {
    const activeMs = this.#known.get(serverName)?.activeMs ?? 0;
    const { unknownFailuresMax = UNKNOWN_FAILURES_MAX } = this.#ports;
    if (activeMs === 0) return failures >= unknownFailuresMax;
    return this.#absences.isForLong(serverName, { activeMs, now: this.#ports.now() });
  }

  /** Messages to devices up to a position need not lie there for it. */
  lettersGone(serverName: ServerName, position: number): void {
    this.#noPost.push(noLettersRow(serverName, position));
    this.moved();
  }

  /** Nothing is owed to it, and it never was there. */
  forget(serverName: ServerName): void {
    this.#known.delete(serverName);
    this.#absences.forget(serverName);
    this.#destinations.delete(serverName);
    this.#noPost.push(destinationGoneRow(serverName));
    this.moved();
  }

  attempted(serverName: ServerName, { failures, retryAtMs }: BackOff): void {
    const known = this.#known.get(serverName);
    const now = this.#ports.now();
    if (failures === 0) this.#absences.isThere(serverName, now);
    else this.#absences.failed(serverName, now);
    const activeMs = failures === 0 ? now : (known?.activeMs ?? 0);
    const isKnownAnswering = known?.failures === 0 && activeMs - known.activeMs < ACTIVE_EVERY_MS;
    if (failures === 0 ? isKnownAnswering : failures < FAILURES_MIN) return;
    const failingSinceMs = this.#absences.sinceMs(serverName);
    this.#note({ serverName, failures, retryAtMs, activeMs, failingSinceMs });
  }

  /** It asked something of us. */
  heard(serverName: ServerName): void {
    const known = this.#known.get(serverName);
    const activeMs = this.#ports.now();
    this.#absences.isThere(serverName, activeMs);
    if (known && activeMs - known.activeMs < ACTIVE_EVERY_MS) return;
    const { failures = 0, retryAtMs = 0 } = known ?? {};
    this.#note({ serverName, failures, retryAtMs, activeMs, failingSinceMs: 0 });
  }

  /** It was taken, and need not lie there any longer. */
  postTaken(serverName: ServerName, posted: readonly Posted[]): void {
    for (const each of posted) this.#noPost.push(noPostRow(serverName, each));
    this.moved();
  }

  /** All that is noted now stands in the database when this resolves. */
  writeDown(): Promise<void> {
    if (this.#ports.lacks.count === 0) return this.#writing;
    return this.#write([]);
  }

  /** Before the log is closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#writing.catch(() => {});
    this.#mark = this.#ports.given();
    await this.#save().catch(this.#ports.onError);
  }

  #note(destination: StoredDestination): void {
    this.#known.set(destination.serverName, destination);
    this.#destinations.set(destination.serverName, destination);
    this.moved();
  }

  #isThere(): boolean {
    const { lacks, given } = this.#ports;
    const isNoted = lacks.count + this.#noPost.length + this.#destinations.size > 0;
    return isNoted || given() > this.#saved;
  }

  async #round(): Promise<void> {
    const given = this.#ports.given();
    await this.#save().catch(this.#ports.onError);
    this.#mark = Math.max(this.#mark, given);
    this.#timer = undefined;
    this.moved();
  }

  async #save(): Promise<void> {
    const mark = this.#mark;
    this.#ports.noteUpTo(mark);
    await this.#write(mark > this.#saved ? [outwardPositionRow(CURSOR, mark)] : []);
    this.#saved = mark;
  }

  /** One behind the other, the cursor last. */
  #write(last: readonly Row[]): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#writeNow(last));
    return this.#writing;
  }

  async #writeNow(last: readonly Row[]): Promise<void> {
    const lacks = this.#ports.lacks.take();
    const destinations = [...this.#destinations.values()];
    this.#destinations.clear();
    const noPost = this.#noPost.splice(0);
    const rows = [...lacks.rows, ...noPost, ...destinations.map(destinationRow), ...last];
    try {
      for (let at = 0; at < rows.length; at += ROWS_MAX)
        await commitRows(this.#ports.log, rows.slice(at, at + ROWS_MAX));
    } catch (error) {
      lacks.putBack();
      this.#noPost = [...noPost, ...this.#noPost];
      for (const each of destinations)
        if (!this.#destinations.has(each.serverName)) this.#destinations.set(each.serverName, each);
      throw error;
    }
  }
}
