import type { ServerReport, Site } from '../view.ts';
import type { Entry, Postgres } from './postgres.ts';
import type { World } from './world.ts';

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

export interface Told {
  readonly acknowledged: (ack: Acknowledgement) => void;
  readonly opened: (epoch: number) => void;
  readonly ordered: () => void;
}

interface Request {
  readonly id: string;
  readonly answer: (answer: 'done' | 'not-writer') => void;
}

/** What became of a commit, and how often the deadline had lapsed when it began. */
interface Ended {
  readonly entry: Entry;
  readonly committed: boolean;
  readonly byAnybody: boolean;
  readonly lapses: number;
}

const START_MS = 1_000;
const TAKEOVER_RETRY_MS = 200;
const UNTOLD_MS = 10_000;
const ENTRY_BYTES = 100;

/** One site's server, as far as writing goes: takeover, fence row, deadline, outcomes (D3, D6). */
export class Server {
  readonly site: Site;
  /** No process there: connecting is refused. */
  gone = false;
  pausedUntil = 0;
  readonly #postgres: Postgres;
  readonly #world: World;
  readonly #told: Told;
  #role: ServerReport['role'] = 'follower';
  #epoch = 0;
  #position = 0;
  #revision = 0;
  #deadline = Number.NEGATIVE_INFINITY;
  #life = 0;
  #busy = false;
  #sickUntil = 0;
  #crashesUntil = 0;
  #hangsUntil = 0;
  #begunAt: number | null = null;
  #outcomes = new Set<string>();
  #queue: Request[] = [];
  /** Committed, and past the deadline when that came back: told behind another commit under a renewed one. */
  #untold: Request[] = [];
  /** How often the deadline was renewed only when it had passed, or was in doubt. */
  #lapses = 0;
  /** Orders to come before anybody is answered, since anybody could confirm the last commit (`Deadline.doubt`). */
  #ordersAwaited = 0;

  constructor(postgres: Postgres, world: World, told: Told) {
    this.site = postgres.site;
    [this.#postgres, this.#world, this.#told] = [postgres, world, told];
  }

  /** Could answer somebody now, or when it wakes up. */
  get open(): boolean {
    return !this.gone && this.#role === 'writer' && this.#beforeDeadline();
  }

  /** By the clock of its machine. */
  get deadline(): number {
    return this.#deadline;
  }

  report(): ServerReport {
    const { up } = this.#postgres;
    return {
      role: this.#role,
      epoch:
        this.#role === 'writer' ? this.#epoch : (this.#postgres.visible().at(-1)?.epoch ?? null),
      position: this.#position,
      healthy: up && this.#sickUntil <= this.#world.time.now,
      why: up ? null : 'no database',
      waitingMs: this.#begunAt === null ? 0 : this.#world.time.now - this.#begunAt,
    };
  }

  order(order: Order, answer: (report: ServerReport) => void): void {
    this.#running(() => {
      if (this.gone) return;
      if (order.role === 'follower') {
        if (this.#role !== 'follower') this.kill(START_MS);
      } else this.#assign(order);
      this.#told.ordered();
      answer(this.report());
    })();
  }

  request(id: string, answer: (answer: 'done' | 'not-writer') => void): void {
    if (this.gone) return;
    this.#running(() => {
      if (this.gone) return;
      this.#queue.push({ id, answer });
      this.#serve();
    })();
  }

  pause(forMs: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, this.#world.time.now + forMs);
  }

  /** Runs, but says that it is not well. */
  sicken(forMs: number): void {
    this.#sickUntil = this.#world.time.now + forMs;
  }

  /** Falls a moment after each time that it has become the writer. */
  crashInALoop(forMs: number): void {
    this.#crashesUntil = this.#world.time.now + forMs;
    this.kill(START_MS);
  }

  /** Falls, and its takeovers do not get through for a while: a migration, an open transaction elsewhere. */
  hangInTakeover(forMs: number): void {
    this.#hangsUntil = this.#world.time.now + forMs;
    this.kill(START_MS);
  }

  kill(restartMs: number): void {
    const life = ++this.#life;
    this.#begunAt = null;
    [this.#role, this.gone, this.#busy] = ['follower', true, false];
    this.#outcomes = new Set();
    this.#queue = [];
    this.#untold = [];
    this.#ordersAwaited = 0;
    this.pausedUntil = 0;
    this.#deadline = Number.NEGATIVE_INFINITY;
    this.#world.time.after(restartMs, () => {
      if (this.#life === life && this.#world.network.isOn(this.site)) this.gone = false;
    });
  }

  stop(): void {
    this.kill(Number.POSITIVE_INFINITY);
  }

  begin(): void {
    const life = ++this.#life;
    this.#world.time.after(this.#world.random.between(500, START_MS), () => {
      if (this.#life === life) this.gone = false;
    });
  }

  beginIfEnded(): void {
    this.#crashesUntil = 0;
    this.#sickUntil = 0;
    this.#hangsUntil = 0;
    if (this.gone) this.begin();
  }

  #assign({ leaderRevision, deadline }: Extract<Order, { role: 'writer' }>): void {
    if (this.#role === 'follower') {
      this.#role = 'taking-over';
      [this.#revision, this.#deadline] = [leaderRevision, deadline];
      this.#takeOver();
    } else if (leaderRevision !== this.#revision) this.kill(START_MS);
    // Nought withholds it; else an answer that was given under the later one cannot be taken back.
    else {
      if (!this.#beforeDeadline()) this.#lapses++;
      if (this.#ordersAwaited > 0) this.#ordersAwaited--;
      this.#deadline = deadline === 0 ? 0 : Math.max(this.#deadline, deadline);
      if (this.#world.bugs.toldOnRenewal && this.#beforeDeadline()) this.#tellUntold();
      if (this.#untold.length > 0) this.#serve();
    }
  }

  /** What a process does, it does when it runs: paused, later; ended, never. */
  #running(act: () => void): () => void {
    const life = this.#life;
    const { time, random } = this.#world;
    const attempt = (): void => {
      if (this.#life !== life) return;
      if (this.pausedUntil > time.now) time.at(this.pausedUntil + random.between(0, 2), attempt);
      else act();
    };
    return attempt;
  }

  /** What is untold is in memory, and is not read from there. */
  get #mayAnswer(): boolean {
    return this.#beforeDeadline() && this.#untold.length === 0;
  }

  #beforeDeadline(): boolean {
    return this.#ordersAwaited === 0 && this.#world.clock(this.site) < this.#deadline;
  }

  /** End other sessions, until the row is free; set the epoch; wait until a standby has that too. */
  #takeOver(): void {
    if (this.#role !== 'taking-over') return;
    const { accepts, wal, waits } = this.#postgres;
    this.#epoch = Math.max((wal.at(-1)?.epoch ?? 0) + 1, this.#revision);
    if (!accepts || this.#hangsUntil > this.#world.time.now) this.#takeOverAgain();
    else if (this.#world.bugs.noFenceRow && waits) this.#open(this.#epoch);
    else {
      this.#postgres.endSessions();
      this.#setEpoch();
    }
  }

  #takeOverAgain(): void {
    this.#world.time.after(
      TAKEOVER_RETRY_MS,
      this.#running(() => this.#takeOver()),
    );
  }

  #setEpoch(): void {
    const { takeoverNotConfirmed } = this.#world.bugs;
    const position = this.#postgres.wal.at(-1)?.position ?? 0;
    const entry = { epoch: this.#epoch, position, requests: [], bytes: ENTRY_BYTES };
    const life = this.#life;
    this.#postgres.commit(entry, (committed) => {
      if (life !== this.#life) return;
      if (committed || takeoverNotConfirmed) this.#running(() => this.#open(entry.epoch))();
      else this.#takeOverAgain();
    });
    if (takeoverNotConfirmed) this.#postgres.endSessions();
  }

  #open(epoch: number): void {
    const { time, note, random } = this.#world;
    if (this.#role !== 'taking-over') return;
    [this.#role, this.#epoch] = ['writer', epoch];
    this.#position = this.#postgres.wal.at(-1)?.position ?? 0;
    this.#outcomes = new Set(this.#postgres.visible().flatMap((entry) => entry.requests));
    note(`server ${this.site} writes, epoch ${epoch}`);
    this.#told.opened(epoch);
    if (this.#crashesUntil > time.now)
      time.after(
        random.between(1_000, 4_000),
        this.#running(() => this.kill(START_MS)),
      );
    this.#serve();
  }

  #serve(): void {
    if (!this.#busy && this.#untold.length > 0 && this.#beforeDeadline()) this.#write(null);
    while (!this.#busy && this.#queue.length > 0) {
      const next = this.#queue.shift()!;
      if (this.#role !== 'writer' || !this.#mayAnswer) next.answer('not-writer');
      else if (isRead(next.id) || this.#outcomes.has(next.id)) this.#acknowledge(next);
      else this.#write(next);
    }
  }

  /** Of null: nothing but that it is still the writer. */
  #write(request: Request | null): void {
    this.#busy = true;
    const { accepts, waits } = this.#postgres;
    if (!accepts || this.#isFenced()) this.kill(START_MS);
    else if (waits && !this.#world.bugs.noFenceRow) {
      // Another session of this database holds the row.
      this.#world.time.after(
        20,
        this.#running(() => this.#write(request)),
      );
    } else this.#commit(request);
  }

  #isFenced(): boolean {
    const head = this.#postgres.wal.at(-1);
    const mine = head?.epoch === this.#epoch && head.position === this.#position;
    return !this.#world.bugs.noFenceRow && !mine;
  }

  #commit(request: Request | null): void {
    const entry: Entry = {
      epoch: this.#epoch,
      position: this.#position + (request === null ? 0 : 1),
      requests: request === null ? [] : [request.id],
      bytes: ENTRY_BYTES,
    };
    const [life, lapses] = [this.#life, this.#lapses];
    this.#begunAt = this.#world.time.now;
    this.#postgres.commit(entry, (committed) => {
      const byAnybody = this.#postgres.confirmers.names === 'any';
      const finish = () => this.#finish(request, { entry, committed, byAnybody, lapses });
      if (this.#life === life) this.#running(finish)();
    });
  }

  #finish(request: Request | null, { entry, committed, byAnybody, lapses }: Ended): void {
    this.#busy = false;
    this.#begunAt = null;
    if (byAnybody && !this.#world.bugs.toldWhoeverConfirms) this.#ordersAwaited = 2;
    // What became of it is looked up behind a takeover, never guessed.
    if (!committed) this.kill(START_MS);
    else {
      this.#position = entry.position;
      for (const id of entry.requests) this.#outcomes.add(id);
      if (request !== null) this.#untold.push(request);
      this.#tell(lapses);
      this.#serve();
    }
  }

  #tell(lapses: number): void {
    if (this.#mayTell(lapses)) this.#tellUntold();
    else
      this.#world.time.after(
        UNTOLD_MS,
        this.#running(() => {
          if (this.#untold.length > 0 && !this.#beforeDeadline()) this.kill(START_MS);
        }),
      );
  }

  /** The deadline had not passed when the commit began, nor since, be it renewed by now. */
  #mayTell(lapses: number): boolean {
    const { noDeadlineAfterCommit, forgetsLapses } = this.#world.bugs;
    if (noDeadlineAfterCommit) return true;
    return this.#beforeDeadline() && (forgetsLapses === true || lapses === this.#lapses);
  }

  #tellUntold(): void {
    for (const each of this.#untold.splice(0)) this.#acknowledge(each);
  }

  #acknowledge({ id, answer }: Request): void {
    this.#told.acknowledged({ id, epoch: this.#epoch, site: this.site, read: isRead(id) });
    answer('done');
  }
}

export const READ = 'read ';

const isRead = (id: string): boolean => id.startsWith(READ);
