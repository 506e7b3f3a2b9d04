import type { Site } from '../view.ts';
import type { AgentHost } from './agent/agent-host.ts';
import type { Etcd } from './etcd.ts';
import type { Patroni } from './patroni/patroni.ts';
import type { Postgres } from './postgres.ts';
import type { Server } from './server.ts';
import type { World } from './world.ts';

export interface Cluster {
  readonly etcd: Etcd;
  readonly agents: ReadonlyMap<Site, AgentHost>;
  readonly servers: ReadonlyMap<Site, Server>;
  readonly patronis: ReadonlyMap<Site, Patroni>;
  readonly postgreses: ReadonlyMap<Site, Postgres>;
  addTwin(site: Site): Twin;
  /** An operator has accepted that what was acknowledged and is not in this site's copy is lost. */
  giveUpBeyond(site: Site): void;
}

/** Another machine with a site's name, which sees the same database: what it must not do it could. */
export interface Twin {
  readonly agent: AgentHost;
  readonly server: Server;
}

/** Breaks something for so long, and mends it again. */
export type Fault = (world: World, cluster: Cluster, site: Site, forMs: number) => void;
