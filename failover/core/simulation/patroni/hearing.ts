import type { Site } from '../../view.ts';
import type { Postgres } from '../postgres.ts';
import type { World } from '../world.ts';

/** Of another site's Patroni. */
export interface Colleague {
  readonly frozen: boolean;
  wake(): void;
  /** POST /failsafe: whether that site's primary may go on without etcd. */
  letGoOn(leader: Site): boolean;
}

export interface Peers {
  readonly patronis: () => ReadonlyMap<Site, Colleague>;
  readonly postgreses: () => ReadonlyMap<Site, Postgres>;
}

/** Who hears whom. */
export class Hearing {
  readonly #site: Site;
  readonly #world: World;
  readonly #peers: Peers;

  constructor(site: Site, world: World, peers: Peers) {
    [this.#site, this.#world, this.#peers] = [site, world, peers];
  }

  get postgreses(): ReadonlyMap<Site, Postgres> {
    return this.#peers.postgreses();
  }

  wake(other: Site): void {
    this.#peers.patronis().get(other)?.wake();
  }

  /** Its Patroni answers ours. */
  sees(other: Site): boolean {
    return this.#peers.patronis().get(other)?.frozen === false && this.#passes(other);
  }

  /** All of them answer, and let this site's primary go on. */
  letUsGoOn(others: readonly Site[]): boolean {
    const said = others.map(
      (other) => this.sees(other) && this.#peers.patronis().get(other)?.letGoOn(this.#site),
    );
    return said.every(Boolean);
  }

  /** A standby follows us, or with `leader` we may follow it, and messages pass both ways. */
  hears(other: Site, leader = false): boolean {
    const postgres = this.postgreses.get(other);
    const mayStream = leader || postgres?.follows === this.#site;
    return this.#passes(other) && postgres?.up === true && mayStream;
  }

  #passes(other: Site): boolean {
    const { network } = this.#world;
    return network.databaseReaches(this.#site, other) && network.databaseReaches(other, this.#site);
  }
}
