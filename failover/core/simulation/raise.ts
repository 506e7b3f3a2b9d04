import type { Site } from '../view.ts';
import { AgentHost } from './agent/agent-host.ts';
import type { Answer } from './agent/machines.ts';
import { Blocking } from './blocking.ts';
import type { Cluster, Twin } from './cluster.ts';
import { Etcd } from './etcd.ts';
import { Exclusion } from './exclusion.ts';
import { Grounds } from './grounds.ts';
import type { Invariants } from './invariants.ts';
import { holderOf } from './lease-claims.ts';
import { Patroni } from './patroni/patroni.ts';
import { PeerWire } from './peer-wire.ts';
import { Postgres } from './postgres.ts';
import { Server } from './server.ts';
import { NAMES, primaryOf } from './store.ts';
import type { World } from './world.ts';

/** Every program of every site, and who watches them. */
export class RaisedCluster implements Cluster {
  readonly etcd: Etcd;
  readonly postgreses = new Map<Site, Postgres>();
  readonly patronis = new Map<Site, Patroni>();
  readonly servers = new Map<Site, Server>();
  readonly agents = new Map<Site, AgentHost>();
  readonly #twins: Twin[] = [];
  readonly #peers: PeerWire;
  readonly #exclusions = new Map<Site, Exclusion>();
  readonly #blockings = new Map<Site, Blocking>();
  readonly #world: World;
  readonly #check: Invariants;
  readonly #grounds: Grounds;

  constructor(world: World, check: Invariants) {
    [this.#world, this.#check] = [world, check];
    const { verdict, acknowledged } = check;
    this.etcd = new Etcd(
      world,
      (why) => verdict.fail(why),
      (keys) => this.#grounds.look(keys),
    );
    this.#grounds = new Grounds(world, verdict, acknowledged, this);
    this.#peers = new PeerWire(world, () => this.agents);
    if (world.failsafe) this.etcd.store.put(NAMES.patroniConfig, { failsafe_mode: true });
    if (world.alone) this.etcd.store.put(NAMES.patroniConfig, { synchronous_mode_strict: true });
    const peers = { patronis: () => this.patronis, postgreses: () => this.postgreses };
    for (const site of world.sites) {
      const database = new Postgres(site, world, peers.postgreses, (promoted) =>
        this.#grounds.promoted(promoted),
      );
      this.postgreses.set(site, database);
      const exclusion = new Exclusion(() => world.clock(site));
      this.#exclusions.set(site, exclusion);
      this.#blockings.set(site, new Blocking(database, world));
      this.patronis.set(site, new Patroni(database, this.etcd, world, peers, exclusion));
      this.servers.set(site, this.#serverOn(database));
    }
    for (const site of world.members)
      this.agents.set(site, this.#agentOf(site, this.servers.get(site) ?? null));
  }

  addTwin(site: Site): Twin {
    const server = this.#serverOn(this.postgreses.get(site)!);
    const host = `twin ${this.#twins.length + 1} of ${site}`;
    const twin = { server, agent: this.#agentOf(site, server, host) };
    this.#twins.push(twin);
    return twin;
  }

  giveUpBeyond(site: Site): void {
    this.#check.acknowledged.giveUpBeyond(this.postgreses.get(site)!);
  }

  /** A twin is another machine, and a witness promotes nothing. */
  #exclusionOf(site: Site, host: string): Exclusion {
    const own = host === site ? this.#exclusions.get(site) : undefined;
    return own ?? new Exclusion(() => this.#world.clock(host));
  }

  #serverOn(database: Postgres): Server {
    const [check, twins] = [this.#check, this.#twins];
    const server = new Server(database, this.#world, {
      acknowledged: (ack) => {
        this.#grounds.acknowledges(ack);
        check.acknowledged.take(ack, database);
      },
      opened: (epoch) => check.opened(epoch),
      ordered: () => {
        check.deadlines(
          [...this.servers.values(), ...twins.map((twin) => twin.server)],
          holderOf(this.etcd.store, 'leader'),
        );
        this.#grounds.told(server, database);
      },
    });
    return server;
  }

  #agentOf(site: Site, server: Server | null, host: string = site): AgentHost {
    let agent: AgentHost;
    const machines = {
      etcd: this.etcd,
      patroni: this.patronis.get(site) ?? null,
      patroniOf: (name: Site) => this.patronis.get(name),
      postgres: this.postgreses.get(site) ?? null,
      postgresOf: (name: Site) => this.postgreses.get(name),
      server,
      peers: this.#peers,
      exclusion: this.#exclusionOf(site, host),
      blocking: host === site ? (this.#blockings.get(site) ?? null) : null,
      answered: (answer: Answer) =>
        this.#check.honesty.answered(agent, answer, primaryOf(this.etcd.store)),
      addressChanged: () => {
        this.#check.address.look(
          [...this.agents.values(), ...this.#twins.map(({ agent }) => agent)],
          holderOf(this.etcd.store, 'address'),
        );
        if (agent !== undefined) this.#grounds.carries(agent);
      },
    };
    agent = new AgentHost(site, this.#world, machines, host);
    return agent;
  }
}
