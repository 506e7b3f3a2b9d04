import { TIMINGS } from '../timings.ts';
import type { Postgres } from './postgres.ts';
import type { Acknowledgement } from './server.ts';
import type { Verdict } from './verdict.ts';
import type { World } from './world.ts';

/** I1-I3 of docs/faults.md: what clients were told, held against the databases that tell it. */
export class Acknowledged {
  readonly #world: World;
  readonly #verdict: Verdict;
  readonly #requests = new Set<string>();
  #newestEpoch = 0;
  #lastAt = 0;
  #gapMs = 0;

  constructor(world: World, verdict: Verdict) {
    [this.#world, this.#verdict] = [world, verdict];
  }

  has(id: string): boolean {
    return this.#requests.has(id);
  }

  get count(): number {
    return this.#requests.size;
  }

  get lastAt(): number {
    return this.#lastAt;
  }

  /** The longest time in which no write was acknowledged. */
  get gapMs(): number {
    return this.#gapMs;
  }

  beginCounting(): void {
    this.#gapMs = 0;
  }

  /** With the database that it is from. */
  take({ id, epoch, site, read }: Acknowledgement, database: Postgres): void {
    const newest = this.#newestEpoch;
    const missing = epoch > newest ? this.missingIn(database) : undefined;
    if (missing !== undefined) this.#verdict.fail(`I2: ${site} answers without ${missing}`);
    // What is committed may be told once more, or read, by one that does not know how late it is; what it commits now must be there in the end.
    if (epoch < newest && !this.#world.clockStood(site, TIMINGS.leaderLeaseMs))
      this.#verdict.fail(`I1: ${site} answered in epoch ${epoch} after ${newest} had`);
    this.#newestEpoch = Math.max(newest, epoch);
    if (!read) this.#count(id);
  }

  /** Something that was acknowledged, and is not in this database. */
  missingIn(database: Postgres): string | undefined {
    const there = new Set(requestsIn(database));
    return [...this.#requests].find((id) => !there.has(id));
  }

  /** What this database lacks is no longer held against anybody: an operator was told of the loss, and accepted it. */
  giveUpBeyond(database: Postgres): void {
    const there = new Set(requestsIn(database));
    for (const id of this.#requests) if (!there.has(id)) this.#requests.delete(id);
  }

  /** In the end: everything is there, once. */
  finish(database: Postgres): void {
    const missing = this.missingIn(database);
    if (missing !== undefined) this.#verdict.fail(`I2: ${missing} was acknowledged and is lost`);
    const all = requestsIn(database);
    const doubled = all.find((id, at) => all.indexOf(id) !== at);
    if (doubled !== undefined) this.#verdict.fail(`I3: ${doubled} was done twice`);
  }

  #count(id: string): void {
    const { now } = this.#world.time;
    this.#requests.add(id);
    this.#gapMs = Math.max(this.#gapMs, now - this.#lastAt);
    this.#lastAt = now;
  }
}

const requestsIn = ({ wal }: Postgres): string[] => wal.flatMap(({ requests }) => requests);
