import type { Site } from '../view.ts';
import type { World } from './world.ts';

/** One committed transaction of a writer: a takeover, or a batch of requests. */
export interface Entry {
  readonly epoch: number;
  readonly position: number;
  readonly requests: readonly string[];
}

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
export interface Postgres {
  readonly site: Site;
  up: boolean;
  primary: boolean;
  wal: Entry[];
  follows: Site | null;
  readonly stalled: boolean;
  /** Named by Patroni: any one of these confirms. Null: any standby. Empty: nobody is asked. */
  confirmers: readonly Site[] | null;
  readonly acknowledged: Map<Site, number>;
  /** Commits that wait for a standby; each holds log_head's row, so where it is honoured there is one. */
  readonly waiting: readonly Waiting[];
  /** What a query sees: not what still waits. */
  visible(): readonly Entry[];
  commit(entry: Entry, done: (committed: boolean) => void): void;
  endSessions(): void;
  /** As a standby: receives nothing for a while, be it for its disk or its network. */
  stall(forMs: number): void;
  crash(): void;
  promote(): void;
  stream(): void;
  /** After a change of `confirmers`. */
  recheck(): void;
}

export function postgres(
  site: Site,
  world: World,
  peers: () => ReadonlyMap<Site, Postgres>,
): Postgres {
  const { time, network } = world;
  const waiting: Waiting[] = [];
  const acknowledged = new Map<Site, number>();
  let stalledUntil = 0;

  const confirm = (): void => {
    const first = waiting[0];
    if (first === undefined || !self.up) return;
    const who = self.confirmers ?? [...acknowledged.keys()];
    const free = self.confirmers !== null && self.confirmers.length === 0;
    const has = (standby: Site): boolean => (acknowledged.get(standby) ?? 0) >= first.length;
    if (!free && !who.some(has)) return;
    waiting.shift();
    first.done(true);
    confirm();
  };

  /** What the standby has when the primary's message arrives; its answer travels as long. */
  const receive = (standby: Postgres): void => {
    if (!follows(standby, self) || standby.stalled || !network.reaches(site, standby.site)) return;
    if (!isPrefix(standby.wal, self.wal)) return;
    for (let at = standby.wal.length; at < self.wal.length; at++) standby.wal.push(self.wal[at]!);
    const has = standby.wal.length;
    const last = standby.wal[has - 1];
    if (!network.reaches(standby.site, site)) return;
    time.after(network.delay(standby.site, site), () => {
      if (!self.primary || self.wal[has - 1] !== last) return;
      acknowledged.set(standby.site, Math.max(has, acknowledged.get(standby.site) ?? 0));
      confirm();
    });
  };

  const self: Postgres = {
    site,
    up: true,
    primary: false,
    wal: [],
    follows: null,
    confirmers: null,
    acknowledged,
    waiting,
    visible() {
      const first = waiting[0];
      return first === undefined ? self.wal : self.wal.slice(0, first.length - 1);
    },
    commit(entry, done) {
      self.wal.push(entry);
      waiting.push({ length: self.wal.length, done });
      confirm();
      self.stream();
    },
    recheck: confirm,
    get stalled() {
      return stalledUntil > time.now;
    },
    stall: (forMs) => {
      stalledUntil = time.now + forMs;
    },
    endSessions() {
      for (const { done } of waiting.splice(0)) done(false);
    },
    crash() {
      self.up = false;
      self.endSessions();
    },
    promote() {
      self.primary = true;
      self.follows = null;
      self.confirmers = null;
      acknowledged.clear();
    },
    stream() {
      if (!self.up || !self.primary) return;
      for (const standby of peers().values()) {
        if (!follows(standby, self) || !network.reaches(site, standby.site)) continue;
        time.after(network.delay(site, standby.site), () => receive(standby));
      }
    },
  };
  return self;
}

function follows(standby: Postgres, primary: Postgres): boolean {
  return (
    primary.up &&
    primary.primary &&
    standby.up &&
    !standby.primary &&
    standby.follows === primary.site
  );
}

/** Entries are the same object wherever they went, so the last one tells. */
function isPrefix(shorter: readonly Entry[], longer: readonly Entry[]): boolean {
  const last = shorter.length - 1;
  return last < 0 || (last < longer.length && shorter[last] === longer[last]);
}

/** pg_rewind: the common beginning stays. */
export function rewind(standby: Postgres, primary: Postgres): void {
  while (!isPrefix(standby.wal, primary.wal)) standby.wal.pop();
}
