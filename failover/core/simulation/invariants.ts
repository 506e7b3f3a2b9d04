import type { Site } from '../view.ts';
import type { AgentHost } from './agent-host.ts';
import type { Cluster } from './faults.ts';
import type { Postgres } from './postgres.ts';
import type { Acknowledgement, Server } from './server.ts';
import { primaryOf } from './store.ts';
import type { World } from './world.ts';

/** I1-I3 of docs/faults.md, what the address promises (D9), and that everything is well in the end. */
export interface Invariants {
  readonly acknowledged: ReadonlySet<string>;
  readonly terms: ReadonlySet<number>;
  readonly addressMoves: number;
  readonly addressMovesCounted: number;
  addressGapMs(): number;
  /** The longest time in which no write was acknowledged. */
  readonly ackGapMs: number;
  /** From here on address moves and gaps count. */
  beginCounting(): void;
  /** The first thing that was broken, and when. */
  readonly broken: string | null;
  fail(what: string): void;
  /** With the database that it is from. */
  acknowledge(ack: Acknowledgement, database: Postgres): void;
  open(epoch: number): void;
  /** Never two servers that could answer, whatever they answer. */
  deadlines(servers: Iterable<Server>): void;
  /** Never at two machines, be they of one name. */
  address(agents: Iterable<AgentHost>): void;
  /** Writer, leader and address at one site, and clients served by it since a moment ago. */
  well(cluster: Cluster): boolean;
  finish(cluster: Cluster): void;
}

export function invariants(world: World): Invariants {
  const acknowledged = new Set<string>();
  const terms = new Set<number>();
  let newest = 0;
  let lastAckAt = 0;
  let ackGapMs = 0;
  let broken: string | null = null;
  let holder: Site | null = null;
  let addressMoves = 0;
  let movesBefore = 0;
  let vacantSince: number | null = null;
  let gapMs = 0;
  const noteGap = (): void => {
    if (vacantSince !== null) gapMs = Math.max(gapMs, world.time.now - vacantSince);
  };
  const fail = (what: string): void => {
    broken ??= `${what}, at ${world.time.now.toFixed(0)} ms`;
    world.note(`BROKEN: ${what}`);
  };
  const lost = (wal: Postgres['wal']): string | undefined => {
    const there = new Set(wal.flatMap((entry) => entry.requests));
    return [...acknowledged].find((id) => !there.has(id));
  };
  return {
    acknowledged,
    terms,
    fail,
    get broken() {
      return broken;
    },
    get ackGapMs() {
      return ackGapMs;
    },
    get addressMoves() {
      return addressMoves;
    },
    get addressMovesCounted() {
      return addressMoves - movesBefore;
    },
    beginCounting() {
      movesBefore = addressMoves;
      gapMs = 0;
      ackGapMs = 0;
    },
    addressGapMs() {
      noteGap();
      return gapMs;
    },
    acknowledge({ id, epoch, site, read }: Acknowledgement, database: Postgres): void {
      if (epoch > newest) {
        const missing = lost(database.wal);
        if (missing !== undefined) fail(`I2: ${site} answers without ${missing}`);
      }
      if (epoch < newest) fail(`I1: ${site} answered in epoch ${epoch} after ${newest} had`);
      newest = Math.max(newest, epoch);
      if (read) return;
      acknowledged.add(id);
      ackGapMs = Math.max(ackGapMs, world.time.now - lastAckAt);
      lastAckAt = world.time.now;
    },
    open(epoch: number): void {
      if (terms.has(epoch)) fail(`two writers with epoch ${epoch}`);
      terms.add(epoch);
    },
    deadlines(servers: Iterable<Server>): void {
      const open = [...servers].filter((server) => server.open);
      if (open.length > 1) fail(`I1: ${open.map(({ site }) => site).join()} could both answer`);
    },
    address(agents: Iterable<AgentHost>): void {
      const holders = [...agents].filter((agent) => agent.hasAddress);
      if (holders.length > 1) fail(`address held by ${holders.map(({ host }) => host).join()}`);
      const now = holders[0]?.site ?? null;
      noteGap();
      vacantSince = now === null ? (vacantSince ?? world.time.now) : null;
      if (now === null || now === holder) return;
      holder = now;
      addressMoves++;
      world.note(`address at ${now}`);
    },
    well({ agents, servers, etcd: { store } }: Cluster): boolean {
      const { leader, address } = store.view();
      const { site } = leader;
      if (site === null || address.site !== site) return false;
      if (primaryOf(store) !== site || !agents.get(site)!.hasAddress) return false;
      return servers.get(site)!.report().role === 'writer' && world.time.now - lastAckAt < 1_500;
    },
    finish({ postgreses, etcd: { store } }: Cluster): void {
      const { wal } = postgreses.get(store.view().leader.site!)!;
      const missing = lost(wal);
      if (missing !== undefined) fail(`I2: ${missing} was acknowledged and is lost`);
      const all = wal.flatMap((entry) => entry.requests);
      const doubled = all.find((id, at) => all.indexOf(id) !== at);
      if (doubled !== undefined) fail(`I3: ${doubled} was done twice`);
    },
  };
}
