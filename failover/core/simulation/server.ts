import type { ServerReport, Site } from '../view.ts';
import type { Entry, Postgres } from './postgres.ts';
import type { World } from './world.ts';

/** One site's server, as far as writing goes: takeover, fence row, deadline, outcomes (D3, D6). */
export interface Server {
  readonly site: Site;
  /** No process there: connecting is refused. */
  readonly gone: boolean;
  readonly pausedUntil: number;
  report(): ServerReport;
  order(order: Order, answer: (report: ServerReport) => void): void;
  /** Null: it could not be told, so certainly was not done. */
  request(id: string, answer: (answer: 'done' | 'not-writer') => void): void;
  pause(forMs: number): void;
  /** Runs, but says that it is not well. */
  sicken(forMs: number): void;
  kill(restartMs: number): void;
  stop(): void;
  begin(): void;
}

export type Order =
  | { role: 'follower' }
  | { role: 'writer'; leaderRevision: number; deadline: number };

/** What clients were told, for the invariants. */
export interface Acknowledgement {
  readonly id: string;
  readonly epoch: number;
  readonly site: Site;
  /** Answered from memory: only the deadline keeps it from being stale. */
  readonly read: boolean;
}

const START_MS = 1_000;
const TAKEOVER_RETRY_MS = 200;

export function server(
  postgres: Postgres,
  world: World,
  told: { acknowledged: (ack: Acknowledgement) => void; opened: (epoch: number) => void },
): Server {
  const { time, random, network, bugs } = world;
  const { site } = postgres;
  let role: ServerReport['role'] = 'follower';
  let gone = false;
  let pausedUntil = 0;
  let epoch = 0;
  let position = 0;
  let revision = 0;
  let deadline = Number.NEGATIVE_INFINITY;
  let life = 0;
  let busy = false;
  let sickUntil = 0;
  let outcomes = new Set<string>();
  const queue: { id: string; answer: (answer: 'done' | 'not-writer') => void }[] = [];

  /** What a process does, it does when it runs: paused, later; ended, never. */
  const running = (act: () => void): (() => void) => {
    const mine = life;
    const attempt = (): void => {
      if (life !== mine) return;
      if (pausedUntil > time.now) time.at(pausedUntil + random.between(0, 2), attempt);
      else act();
    };
    return attempt;
  };
  const beforeDeadline = (): boolean => world.clock(site) < deadline;

  const end = (restartMs: number): void => {
    const mine = ++life;
    [role, gone, busy, outcomes] = ['follower', true, false, new Set()];
    queue.length = 0;
    pausedUntil = 0;
    time.after(restartMs, () => {
      if (life === mine && network.isOn(site)) gone = false;
    });
  };

  const again = (): void => time.after(TAKEOVER_RETRY_MS, running(takeOver));

  /** End other sessions, until the row is free; set the epoch; wait until a standby has that too. */
  const takeOver = (): void => {
    if (role !== 'taking-over') return;
    epoch = nextEpoch(postgres.wal, revision);
    if (!postgres.up || !postgres.primary) again();
    else if (bugs.noFenceRow && postgres.waiting.length > 0) open(epoch);
    else {
      postgres.endSessions();
      setEpoch();
    }
  };

  const setEpoch = (): void => {
    const entry = { epoch, position: postgres.wal.at(-1)?.position ?? 0, requests: [] };
    postgres.commit(entry, (committed) => {
      if (committed || bugs.takeoverNotConfirmed) running(() => open(entry.epoch))();
      else again();
    });
    if (bugs.takeoverNotConfirmed) postgres.endSessions();
  };

  const open = (mine: number): void => {
    if (role !== 'taking-over') return;
    [role, epoch] = ['writer', mine];
    position = postgres.wal.at(-1)?.position ?? 0;
    outcomes = new Set(postgres.visible().flatMap((entry) => entry.requests));
    world.note(`server ${site} writes, epoch ${mine}`);
    told.opened(mine);
    serve();
  };

  const serve = (): void => {
    while (!busy && queue.length > 0) {
      const next = queue.shift()!;
      if (role !== 'writer' || !beforeDeadline()) next.answer('not-writer');
      else if (isRead(next.id) || outcomes.has(next.id)) acknowledge(next);
      else write(next);
    }
  };

  const write = (request: (typeof queue)[number]): void => {
    busy = true;
    if (!postgres.up || !postgres.primary || isFenced()) end(START_MS);
    else if (postgres.waiting.length > 0 && !bugs.noFenceRow) {
      // Another session of this database holds the row.
      const retry = running(() => write(request));
      time.after(20, retry);
    } else commit(request);
  };

  const isFenced = (): boolean => {
    const head = postgres.wal.at(-1);
    return !bugs.noFenceRow && (head?.epoch !== epoch || head.position !== position);
  };

  const commit = (request: (typeof queue)[number]): void => {
    const entry: Entry = { epoch, position: position + 1, requests: [request.id] };
    const mine = life;
    postgres.commit(entry, (committed) => {
      if (life === mine) running(() => finish(request, entry, committed))();
    });
  };

  const finish = (request: (typeof queue)[number], entry: Entry, committed: boolean): void => {
    busy = false;
    // What became of it is looked up behind a takeover, never guessed.
    if (!committed) end(START_MS);
    else {
      position = entry.position;
      outcomes.add(entry.requests[0]!);
      if (bugs.noDeadlineAfterCommit || beforeDeadline()) acknowledge(request);
      serve();
    }
  };

  const acknowledge = ({ id, answer }: (typeof queue)[number]): void => {
    told.acknowledged({ id, epoch, site, read: isRead(id) });
    answer('done');
  };

  const report = (): ServerReport => ({
    role,
    epoch: role === 'writer' ? epoch : null,
    position,
    healthy: postgres.up && sickUntil <= time.now,
    why: postgres.up ? null : 'no database',
  });

  return {
    site,
    get gone() {
      return gone;
    },
    get pausedUntil() {
      return pausedUntil;
    },
    report,
    order(order, answer) {
      running(() => {
        if (gone) return;
        if (order.role === 'follower') {
          if (role !== 'follower') end(START_MS);
        } else if (role === 'follower') {
          [role, revision, deadline] = ['taking-over', order.leaderRevision, order.deadline];
          takeOver();
        } else if (order.leaderRevision !== revision) end(START_MS);
        else deadline = Math.max(deadline, order.deadline);
        answer(report());
      })();
    },
    request(id, answer) {
      if (gone) return;
      running(() => {
        if (gone) return;
        queue.push({ id, answer });
        serve();
      })();
    },
    pause(forMs) {
      pausedUntil = Math.max(pausedUntil, time.now + forMs);
    },
    sicken: (forMs) => {
      sickUntil = time.now + forMs;
    },
    kill: end,
    stop: () => end(Number.POSITIVE_INFINITY),
    begin: () => {
      const mine = ++life;
      time.after(random.between(500, START_MS), () => {
        if (life === mine) gone = false;
      });
    },
  };
}

export const READ = 'read ';

function isRead(id: string): boolean {
  return id.startsWith(READ);
}

function nextEpoch(wal: readonly Entry[], revision: number): number {
  return Math.max((wal.at(-1)?.epoch ?? 0) + 1, revision);
}
