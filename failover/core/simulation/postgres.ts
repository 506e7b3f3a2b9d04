import type { Site } from '../view.ts';
import { Disk } from './disk.ts';
import type { World } from './world.ts';

/** One piece of the log: a takeover, a batch of requests, or what no client asked for (no requests, many bytes). */
export interface Entry {
  readonly epoch: number;
  readonly position: number;
  readonly requests: readonly string[];
  readonly bytes: number;
}

/** synchronous_standby_names: `ANY count (names)`. `any` is `*`: whatever streams, also a base backup. */
export interface Confirmers {
  readonly names: readonly Site[] | 'any';
  readonly count: number;
}

export const NOBODY_IS_ASKED: Confirmers = { names: [], count: 0 };

/** `done(true)`: COMMIT came back. `done(false)`: the session ended before that. */
interface Waiting {
  readonly length: number;
  readonly done: (committed: boolean) => void;
}

/**
 * One site's PostgreSQL: a log of entries that is written at once and confirmed when a standby has
 * it. A session that waits for that holds log_head's row. An entry whose session was killed stays,
 * and is visible.
 */
export class Postgres {
  readonly site: Site;
  readonly disk: Disk;
  up = true;
  primary = false;
  wal: Entry[] = [];
  /** The timelines that this copy has gone through: the one that it is on is the last. */
  chain: readonly number[] = [1];
  /** The timelines of which pg_wal has a history file. */
  histories: ReadonlySet<number> = new Set();
  follows: Site | null = null;
  confirmers: Confirmers = NOBODY_IS_ASKED;
  /** What each standby says that it has, by the number of entries. */
  readonly acknowledged = new Map<Site, number>();
  /** Sites that are being cloned from here, and what their base backup has: under its own name, which only `*` means. */
  readonly clones = new Map<Site, number>();
  readonly #world: World;
  readonly #peers: () => ReadonlyMap<Site, Postgres>;
  readonly #promoted: (database: Postgres) => void;
  readonly #waiting: Waiting[] = [];
  #ending = false;
  #stalledUntil = 0;
  #pausedUntil = 0;
  #hangsUntil = 0;
  /** Up to where it has another timeline of its own one's number on disk, which it can never replay. */
  #received = 0;
  /** While its disk is stalled: how many entries have come there. */
  #synced = 0;
  #replaysUntil = 0;
  #replayed = 0;

  constructor(
    site: Site,
    world: World,
    peers: () => ReadonlyMap<Site, Postgres>,
    promoted: (database: Postgres) => void,
  ) {
    this.site = site;
    this.#world = world;
    [this.#peers, this.#promoted] = [peers, promoted];
    this.disk = new Disk(world);
  }

  /** A primary that is not being shut down: that ends all sessions at once, and waits for its standbys. */
  get accepts(): boolean {
    return this.up && this.primary && !this.#ending;
  }

  shutDown(): void {
    this.#ending = true;
    this.endSessions();
  }

  /** Commits that wait for a standby; where log_head's row is honoured there is one at most. */
  get waits(): boolean {
    return this.#waiting.length > 0;
  }

  get stalled(): boolean {
    return this.#stalledUntil > this.#world.time.now || this.disk.stalled;
  }

  /** How many entries are on its disk: no others are sent to standbys, or said to be there. */
  get flushed(): number {
    return this.disk.stalled ? Math.min(this.#synced, this.wal.length) : this.wal.length;
  }

  get timeline(): number {
    return this.chain.at(-1)!;
  }

  /** After a restart it says of its position only how far it has replayed: what it received before is there, and not told (M4). */
  replayFrom(entries: number, forMs: number): void {
    this.#replayed = Math.min(entries, this.wal.length);
    this.#replaysUntil = this.#world.time.now + forMs;
  }

  get replays(): boolean {
    return !this.primary && this.#replaysUntil > this.#world.time.now;
  }

  /** In bytes, as votes compare it: of which timeline it is it does not say. */
  get lsn(): number {
    if (this.replays) return lengthOf(this.wal.slice(0, this.#replayed));
    return Math.max(lengthOf(this.wal.slice(0, this.flushed)), this.#received);
  }

  /** What a query sees: not what still waits. */
  visible(): readonly Entry[] {
    const first = this.#waiting[0];
    return first === undefined ? this.wal : this.wal.slice(0, first.length - 1);
  }

  commit(entry: Entry, done: (committed: boolean) => void): void {
    this.wal.push(entry);
    this.#waiting.push({ length: this.wal.length, done });
    this.#confirm();
    this.stream();
  }

  /** Work that nobody waits for: an import that is rolled back, a vacuum. */
  writeMore(bytes: number): void {
    if (!this.up || !this.primary) return;
    const { epoch, position } = this.wal.at(-1) ?? { epoch: 0, position: 0 };
    this.wal.push({ epoch, position, requests: [], bytes });
    this.stream();
  }

  setConfirmers(confirmers: Confirmers): void {
    this.confirmers = confirmers;
    this.#confirm();
  }

  endSessions(): void {
    for (const { done } of this.#waiting.splice(0)) done(false);
  }

  /** As a standby: receives nothing for a while, be it for its disk or its network. */
  stall(forMs: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.#world.time.now + forMs);
  }

  /** With its machine: its sessions hear of nothing until it goes on. */
  pause(forMs: number): void {
    const { now } = this.#world.time;
    this.#pausedUntil = Math.max(this.#pausedUntil, now + forMs);
    this.stall(forMs);
    this.#world.time.after(forMs, () => this.#confirm());
  }

  /** Its commits do not come back, although standbys receive them: a disk that stalls, a backend that is frozen. */
  hang(forMs: number): void {
    const { now } = this.#world.time;
    this.#hangsUntil = Math.max(this.#hangsUntil, now + forMs);
    this.#world.time.after(forMs, () => this.#confirm());
  }

  stallDisk(forMs: number): void {
    if (!this.disk.stalled) this.#synced = this.wal.length;
    this.disk.stall(forMs);
    this.#world.time.after(forMs + 1, () => {
      this.stream();
      this.#confirm();
    });
  }

  crash(): void {
    this.wal.length = this.flushed;
    this.up = false;
    this.#received = 0;
    this.#ending = false;
    this.clones.clear();
    this.endSessions();
  }

  /** Down, and a standby when it starts again. */
  demote(): void {
    this.crash();
    this.primary = false;
    this.follows = null;
  }

  promote(): void {
    this.#promoted(this);
    this.primary = true;
    this.follows = null;
    // The very first one begins with what initdb made.
    if (this.wal.length > 0) this.#beginTimeline();
    this.acknowledged.clear();
    this.#world.note(`postgres ${this.site} leads timeline ${this.timeline}`);
  }

  /** timeline.c, findNewestTimeLine: the number after the last of which there is a history file. */
  get nextTimeline(): number {
    let next = this.timeline + 1;
    while (this.histories.has(next)) next++;
    return next;
  }

  /** History files for all numbers before this one, so that a promotion takes it. */
  passTo(timeline: number): void {
    const between = timeline - this.nextTimeline;
    const passed = Array.from({ length: between }, (_, at) => this.nextTimeline + at);
    this.histories = new Set([...this.histories, ...passed]);
  }

  #beginTimeline(): void {
    const next = this.nextTimeline;
    this.chain = [...this.chain, next];
    this.histories = new Set([...this.histories, next]);
  }

  /** After a rewind, with all history files of its source; or after a clone, with that of its timeline alone. */
  takeTimelineOf(source: Postgres, histories = source.histories): void {
    this.chain = source.chain;
    this.histories = histories;
  }

  stream(): void {
    if (!this.up || !this.primary) return;
    const { time, network } = this.#world;
    for (const standby of this.#peers().values()) {
      if (!network.databaseReaches(this.site, standby.site)) continue;
      if (this.clones.has(standby.site)) this.#streamToClone(standby.site);
      else if (this.isFollowedBy(standby))
        time.after(network.delay(this.site, standby.site), () => this.#reach(standby));
    }
  }

  isFollowedBy(standby: Postgres): boolean {
    return (
      this.up && this.primary && standby.up && !standby.primary && standby.follows === this.site
    );
  }

  /** "requested starting point … is ahead of the WAL flush position of this server". */
  refuses(standby: Postgres): boolean {
    return !isPrefix(standby.wal, this.wal) && standby.lsn > this.lsn;
  }

  #streamToClone(site: Site): void {
    const { time, network } = this.#world;
    const length = this.flushed;
    time.after(2 * network.delay(this.site, site), () => {
      if (!this.clones.has(site) || !network.databaseReaches(site, this.site)) return;
      this.clones.set(site, length);
      this.#confirm();
    });
  }

  /** What the standby has when the primary's message arrives; its answer travels as long. */
  #reach(standby: Postgres): void {
    const { time, network } = this.#world;
    if (!this.isFollowedBy(standby) || standby.stalled) return;
    if (!network.databaseReaches(this.site, standby.site) || !standby.#receiveFrom(this)) return;
    const has = this.flushed;
    const last = this.wal[has - 1];
    if (!network.databaseReaches(standby.site, this.site)) return;
    time.after(network.delay(standby.site, this.site), () => {
      if (!this.primary || this.wal[has - 1] !== last) return;
      this.acknowledged.set(standby.site, Math.max(has, this.acknowledged.get(standby.site) ?? 0));
      this.#confirm();
    });
  }

  /** Whether it then says that it has all: so it does of what it can never replay, too. */
  #receiveFrom(primary: Postgres): boolean {
    if (!this.#fetchHistories(primary)) return false;
    const has = primary.flushed;
    if (!isPrefix(this.wal, primary.wal)) {
      // Where it is not refused, nothing tells two timelines of one number apart.
      if (this.timeline !== primary.timeline || primary.refuses(this)) return false;
      this.#received = primary.lsn;
      return true;
    }
    for (let at = this.wal.length; at < has; at++) this.wal.push(primary.wal[at]!);
    this.chain = primary.chain;
    return true;
  }

  /**
   * walreceiver.c: asks for those of all timelines from its own to the primary's, before anything else, and ends where that one lacks
   * one: which a clone does, that took the last alone. It is there for 10 ms of each 5 s then (PostgreSQL 15: seen in 0 of 54 looks).
   */
  isRefusedHistory(primary: Postgres): boolean {
    return this.#historiesWanted(primary).some((timeline) => !primary.histories.has(timeline));
  }

  #fetchHistories(primary: Postgres): boolean {
    if (this.isRefusedHistory(primary)) return false;
    const wanted = this.#historiesWanted(primary);
    if (wanted.length > 0) this.histories = new Set([...this.histories, ...wanted]);
    return this.timeline <= primary.timeline;
  }

  #historiesWanted(primary: Postgres): number[] {
    const wanted: number[] = [];
    for (let timeline = this.timeline; timeline <= primary.timeline; timeline++)
      if (timeline !== 1 && !this.histories.has(timeline)) wanted.push(timeline);
    return wanted;
  }

  #confirm(): void {
    for (;;) {
      const first = this.#waiting[0];
      const { now } = this.#world.time;
      if (first === undefined || !this.up || Math.max(this.#pausedUntil, this.#hangsUntil) > now)
        return;
      const { names, count } = this.confirmers;
      const have =
        names === 'any'
          ? [...this.acknowledged.values(), ...this.clones.values()]
          : names.map((site) => this.acknowledged.get(site) ?? 0);
      if (first.length > this.flushed) return;
      if (have.filter((length) => length >= first.length).length < count) return;
      this.#waiting.shift();
      first.done(true);
    }
  }
}

const lengthOf = (wal: readonly Entry[]): number => wal.reduce((sum, { bytes }) => sum + bytes, 1);

/** Entries are the same object wherever they went, so the last one tells. */
export function isPrefix(shorter: readonly Entry[], longer: readonly Entry[]): boolean {
  const last = shorter.length - 1;
  return last < 0 || (last < longer.length && shorter[last] === longer[last]);
}

/** pg_rewind: the common beginning stays. */
export function rewind(standby: Postgres, primary: Postgres): void {
  while (!isPrefix(standby.wal, primary.wal)) standby.wal.pop();
}
