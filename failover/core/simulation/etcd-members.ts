import type { Site } from '../view.ts';
import type { Random } from './random.ts';

/** Who votes, and who only listens, from a place of etcd's log on. Members go by their ids: one that is taken in anew is another. */
export interface Configuration {
  readonly at: number;
  readonly voters: readonly string[];
  readonly learners: readonly string[];
}

/** What a member has on its site's disk. */
interface Data {
  readonly id: string;
  /** How far its log goes: what it has confirmed, and votes by. */
  log: number;
  /** By which of the configurations it works: the last that it knows to be committed, which comes after the log (etcd, not the raft of the paper). */
  applied: number;
  /** As far as it knows that still after a power cut: what is committed is noted with the next thing that is written. */
  synced: number;
}

/**
 * etcd's members, as far as it matters who they are: each one's data tell by which configuration it counts votes, so that such as
 * were removed and do not know it may elect somebody of their own. That must never come to be (docs/going-alone.md).
 */
export class EtcdMembers {
  readonly #configurations: Configuration[] = [];
  readonly #data = new Map<Site, Data>();
  readonly #generations = new Map<Site, number>();
  #index = 0;

  constructor(sites: readonly Site[]) {
    const voters = sites.map((site) => this.takeIn(site));
    this.#configurations.push({ at: 0, voters, learners: [] });
  }

  get current(): Configuration {
    return this.#configurations.at(-1)!;
  }

  get changed(): boolean {
    return this.#configurations.length > 1;
  }

  idOf(site: Site): string | null {
    return this.#data.get(site)?.id ?? null;
  }

  /** Those whose data are what the configuration names. */
  sitesOf(ids: readonly string[]): Site[] {
    return ids.map(siteOf).filter((site) => ids.includes(this.idOf(site) ?? ''));
  }

  isVoter(site: Site): boolean {
    return this.current.voters.includes(this.idOf(site) ?? '');
  }

  isMember(site: Site): boolean {
    return this.isVoter(site) || this.current.learners.includes(this.idOf(site) ?? '');
  }

  /** As that member itself knows it. */
  knownTo(site: Site): Configuration | null {
    const data = this.#data.get(site);
    return data === undefined ? null : this.#configurations[data.applied]!;
  }

  /** Its log lacks nothing that was ever committed. */
  hasAll(site: Site): boolean {
    return this.#data.get(site)?.log === this.#index;
  }

  /** Nobody votes for one whose log is shorter. */
  votesFor(voter: Site, candidate: Site): boolean {
    const [own, other] = [this.#data.get(voter), this.#data.get(candidate)];
    return own !== undefined && other !== undefined && own.log <= other.log;
  }

  /** What is written, with those who have it by then. */
  commit(confirming: readonly Site[]): void {
    this.#index++;
    for (const data of this.#dataOf(confirming)) {
      data.log = this.#index;
      data.synced = data.applied;
    }
  }

  /** The leader alone knows at once that it is committed. */
  change(to: Omit<Configuration, 'at'>, leader: Site, confirming: readonly Site[]): void {
    this.#index++;
    this.#configurations.push({ ...to, at: this.#index });
    for (const data of this.#dataOf(confirming)) data.log = this.#index;
    this.#data.get(leader)!.applied = this.#configurations.length - 1;
  }

  /** A heartbeat: whoever hears the leader gets what it lacks, and hears what is committed of that which it had. */
  hear(members: readonly Site[]): void {
    for (const data of this.#dataOf(members)) {
      data.applied = this.#configurations.findLastIndex(({ at }) => at <= data.log);
      data.log = this.#index;
    }
  }

  /** Whoever is elected commits all that it has. */
  elected(leader: Site): void {
    const data = this.#data.get(leader)!;
    data.applied = this.#configurations.findLastIndex(({ at }) => at <= data.log);
  }

  losePower(site: Site, random: Random): void {
    const data = this.#data.get(site);
    if (data !== undefined && data.applied > data.synced && random.chance(0.7))
      data.applied = data.synced;
  }

  /** Under another id, with nothing. Returns it. */
  takeIn(site: Site): string {
    const generation = (this.#generations.get(site) ?? 0) + 1;
    this.#generations.set(site, generation);
    const id = `${site}#${generation}`;
    const applied = Math.max(0, this.#configurations.length - 1);
    this.#data.set(site, { id, log: 0, applied, synced: applied });
    return id;
  }

  #dataOf(sites: readonly Site[]): Data[] {
    return sites.flatMap((site) => this.#data.get(site) ?? []);
  }
}

export const siteOf = (id: string): Site => id.split('#')[0]!;
