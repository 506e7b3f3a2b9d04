import type { Input } from '../../inputs.ts';
import type { PeerWord } from '../../peers.ts';
import type { LinkReport, Site } from '../../view.ts';
import type { Patroni } from '../patroni/patroni.ts';
import type { Postgres } from '../postgres.ts';
import type { Server } from '../server.ts';
import type { World } from '../world.ts';
import type { FrontAndPower } from './front-and-power.ts';
import type { Parts } from './parts.ts';

const TICK_MS = 200;
const POLL_MS = 500;
const PEERS_MS = 1_000;
/** Where a switchover is under way, as in looks.ts of the agent. */
const WISH_POLL_MS = 150;
const SERVER_ANSWERS_WITHIN_MS = 1_000;
const ETCD_ANSWERS_WITHIN_MS = 1_000;

/** By how much wall clocks are ahead of true time; drawn by no seed, since nothing may depend on them. */
const WALL_CLOCK_MS: Readonly<Record<string, number>> = { a: -400, b: 0, c: 3_600_000, w: 40 };

/** What the agent looks at, and how often, for as long as it is alive. */
export class Looks {
  readonly #parts: Parts;
  readonly #frontAndPower: FrontAndPower;

  constructor(parts: Parts, frontAndPower: FrontAndPower) {
    [this.#parts, this.#frontAndPower] = [parts, frontAndPower];
  }

  begin(): void {
    const { time, random } = this.#parts.world;
    time.after(random.between(0, POLL_MS), () => this.#poll());
    time.after(random.between(0, TICK_MS), () => this.#tick());
    time.after(random.between(0, PEERS_MS), () => this.#askPeers());
  }

  #tick(): void {
    const { world, process } = this.#parts;
    world.time.after(TICK_MS, () => this.#tick());
    process.tell({ kind: 'tick' });
  }

  #poll(): void {
    const { world, machines, process } = this.#parts;
    const everyMs = process.state.wish === null ? POLL_MS : WISH_POLL_MS;
    world.time.after(everyMs * world.random.between(0.9, 1.1), () => this.#poll());
    if (!process.alive) return;
    const { server, patroni, postgres } = machines;
    this.#lookAtMachine();
    process.tell({ kind: 'links', links: this.#links() });
    if (postgres !== null) process.tell({ kind: 'disk', disk: postgres.disk.report });
    if (server !== null) this.#lookAtServer(server);
    if (patroni !== null && postgres !== null) process.tell(seenOf(patroni, postgres, world));
  }

  #lookAtMachine(): void {
    const { machines, process } = this.#parts;
    const healthy = this.#frontAndPower.frontIsUp && machines.server !== null;
    process.tell({ kind: 'front', healthy, connections: 0 });
    process.tell({ kind: 'wall-clock', aheadMs: this.#wallClock() - process.clock() });
    const power = this.#frontAndPower.toldSince(process.state.power.power);
    if (power !== null) process.tell({ kind: 'power', ...power });
    this.#lookAtMembers();
    this.#lookAtEtcdMember();
  }

  #lookAtMembers(): void {
    const { site, host, machines, process } = this.#parts;
    const { membership } = machines.etcd;
    if (membership === null) return;
    const { tell } = process.life;
    machines.etcd.request({
      from: host,
      deadlineMs: ETCD_ANSWERS_WITHIN_MS,
      apply: () => membership.listFor(site).members,
      answer: (answer) => {
        if (!answer.ok) return;
        const { own } = membership.listFor(site);
        tell({ kind: 'etcd-members', members: answer.value, own });
      },
    });
  }

  #lookAtEtcdMember(): void {
    const { site, world, machines, process } = this.#parts;
    const here = machines.etcd.leader === site;
    if (!here && !process.state.etcdLeader.here) return;
    const listed = machines.etcd.membership?.listFor(site).members;
    const named = (listed ?? world.members.map((name) => ({ id: name, name }))).filter(
      ({ name }) => name !== site,
    );
    process.tell({ kind: 'etcd-leader', here, others: named });
  }

  /** What gets no answer is sent again, too. */
  #links(): Record<Site, LinkReport> {
    const { site, world } = this.#parts;
    const { network, sites } = world;
    const link = (to: Site): LinkReport => {
      const lost = network.links(site, to) ? network.lossBetween(site, to) : 1;
      return { lost, rttMs: 10 };
    };
    const others = sites.filter((each) => each !== site);
    return Object.fromEntries(others.map((each) => [each, link(each)]));
  }

  #lookAtServer(server: Server): void {
    const { world, process } = this.#parts;
    const { tell } = process.life;
    const { time, bugs } = world;
    const askedAt = process.clock();
    const silent = { kind: 'server-silent', askedAt, gone: server.gone, reason: 'none' } as const;
    if (server.gone) tell(silent);
    else if (server.pausedUntil <= time.now)
      tell({ kind: 'server', askedAt, server: server.report() });
    else {
      const mistaken = { ...silent, gone: bugs.silentServerIsGone === true };
      time.after(SERVER_ANSWERS_WITHIN_MS, () => tell(mistaken));
    }
  }

  #askPeers(): void {
    const { site, world, process } = this.#parts;
    world.time.after(PEERS_MS, () => this.#askPeers());
    if (!process.alive) return;
    for (const each of world.members) if (each !== site) this.#askPeer(each);
  }

  #askPeer(site: Site): void {
    const { host, machines, process } = this.#parts;
    const { tell } = process.life;
    const sentAt = process.clock();
    machines.peers.ask<PeerWord>(
      { from: host, to: site },
      (agent, reply) => reply(agent.word()),
      (word) => {
        if (word === null) tell({ kind: 'peer-silent', site, reason: 'no answer' });
        else tell({ kind: 'peer-answered', site, sentAt, word });
      },
    );
  }

  /** Of no machine it is right. */
  #wallClock(): number {
    const { host, world } = this.#parts;
    return world.time.now + (WALL_CLOCK_MS[host] ?? 0);
  }
}

function seenOf(
  patroni: Patroni,
  { primary, up, timeline, lsn }: Postgres,
  { failsafe }: World,
): Input {
  if (patroni.frozen) return { kind: 'postgres-silent', reason: 'no answer' };
  const role = primary ? 'primary' : 'standby';
  const known = up ? { timeline, lsn: String(lsn) } : { timeline: null, lsn: null };
  const postgres = { role, state: patroni.state, ...known } as const;
  return { kind: 'postgres', postgres, ...(failsafe && { heedsLeave: true }) };
}
