import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'undici';
import { expect, onTestFinished, test, vi } from 'vitest';
import { selfAt } from '../test/support/self.ts';
import { bootTime } from './adapters/clock/boot-time.ts';
import { Agent } from './agent.ts';
import { operate } from './cli/operate.ts';
import { table } from './cli/table.ts';
import {
  claim,
  leaseKey,
  noteTimeline,
  pulse,
  release,
  type Transaction,
} from './core/etcd/transactions.ts';
import { NAMES, Store } from './core/simulation/store.ts';
import { wellAtSite } from './core/told/story-etcd.ts';
import type { ServerReport } from './core/view.ts';
import type { Ports } from './ports.ts';
import { openAgentSocket } from './status/agent-socket.ts';
import { statusOf } from './status/status.ts';

test('an agent beside the primary makes its server the writer and takes the address', async () => {
  const { world, ask } = await startAgent();
  await vi.waitFor(() => expect(world.server.role).toBe('writer'));
  await vi.waitFor(async () => {
    const { writer, address } = await ask('/v1/routing?after=-1');
    expect(writer).toEqual({ site: 'a', epoch: world.server.epoch, url: 'https://a' });
    expect(address).toEqual({ holder: 'a', drain: false });
  });
  await vi.waitFor(() => expect(world.addressUntil).toBeGreaterThan(bootTime()()));
});

test('a front that knows the latest routing waits for the next one', async () => {
  const { world, ask } = await startAgent();
  const { version } = await vi.waitFor(async () => {
    const routing = await ask('/v1/routing?after=-1');
    expect(routing.writer).not.toBeNull();
    return routing;
  });
  const next = ask(`/v1/routing?after=${version}`);
  world.serverGone = true;
  expect((await next).writer).toBeNull();
});

test('an agent that has not seen etcd yet says nothing, rather than that there is no writer', async () => {
  const { agent, world } = await startAgent({ etcdAnswers: false });
  await vi.waitFor(() => expect(agent.state.etcdTrouble).not.toBeNull());
  expect(agent.routing()).toBeNull();
  world.etcdAnswers = true;
  await vi.waitFor(() => expect(agent.routing()).not.toBeNull());
});

test('an agent without its network card goes on: its server writes, and the reason is told', async () => {
  const world = { ...newWorld(), cardMissing: true };
  const { agent } = await startAgent({ world });
  await vi.waitFor(() => expect(world.server.role).toBe('writer'));
  expect(agent.state.addressTrouble?.reason).toBe('there is no such device');
});

test('a killed agent is followed by one that goes on with the same term', async () => {
  const first = await startAgent();
  await vi.waitFor(() => expect(first.world.server.role).toBe('writer'));
  first.stop();
  const { revision } = first.world.store.view().leader;
  const second = await startAgent({ world: first.world });
  await vi.waitFor(() => expect(second.agent.state.leader?.until).toBeGreaterThan(0));
  expect(second.agent.state.leader?.revision).toBe(revision);
  expect([first.world.server.role, first.world.dropped]).toEqual(['writer', 0]);
});

test('the operator sees a table, and is told why a switchover cannot be', async () => {
  const { world, runtimeDir } = await startAgent();
  await vi.waitFor(() => expect(world.server.role).toBe('writer'));
  const operator = operate(runtimeDir);
  onTestFinished(() => operator.close());
  await vi.waitFor(async () => expect(table(await operator.status())).toMatch(/^a +here +writer/m));
  expect(table(await operator.status())).toContain('a leads: its server writes, epoch');
  await expect(operator.switchover('d')).rejects.toThrow('no site of that name is known');
  expect(await operator.pause(1)).toBe('No automatic switchover for 60 s.');
});

const nothingAsked = {
  etcd: [],
  patroniKeyLeftMs: null,
  setAside: null,
  halfMade: null,
  addresses: [],
};

interface World {
  etcdAnswers: boolean;
  store: Store;
  server: ServerReport;
  serverGone: boolean;
  addressUntil: number;
  dropped: number;
  cardMissing?: boolean;
}

function newWorld(): World {
  const store = new Store();
  for (const lease of ['leader', 'address'] as const)
    store.put(leaseKey(NAMES, lease), { site: null });
  store.put(NAMES.patroniLeader, 'a', 'lease of a');
  store.put(NAMES.patroniSync, { leader: 'a', sync_standby: 'b' });
  store.put(`${NAMES.sites}b`, wellAtSite('b'));
  const server = { role: 'follower', epoch: null, position: 0, healthy: true, why: null } as const;
  return { etcdAnswers: true, store, server, serverGone: false, addressUntil: 0, dropped: 0 };
}

async function startAgent(options: { etcdAnswers?: boolean; world?: World } = {}) {
  const world = options.world ?? newWorld();
  world.etcdAnswers = options.etcdAnswers ?? true;
  const runtimeDir = mkdtempSync(join(tmpdir(), 'farol-agent-'));
  const self = selfAt('a', { mayHandOver: false });
  const ports = portsTo(world);
  const agent = new Agent(self, ports, { info: () => {}, warn: () => {} });
  const socket = await openAgentSocket(runtimeDir, {
    routing: () => agent.routing(),
    status: async () => statusOf(agent.state, agent.explain(), nothingAsked, ports.now()),
    onStep: (listener) => agent.onStep(listener),
    switchover: (to) => agent.switchover(to),
    pause: (forMs) => agent.pause(forMs),
    recovery: (to) => agent.recovery(to),
    recover: (order) => agent.recover({ ...order, at: '2026-11-26T12:00:00.000Z' }),
    promotion: async () => ({ kind: 'refused' as const, why: 'nothing is lost' }),
    recoveries: async () => [],
  });
  const stop = new AbortController();
  const running = agent.run(stop.signal);
  const client = new Client('http://agent', { socketPath: socket.path });
  onTestFinished(async () => {
    stop.abort();
    await Promise.all([running, client.destroy(), socket.close()]);
    rmSync(runtimeDir, { recursive: true });
  });
  const ask = async (path: string) => {
    const answer = await client.request({ path, method: 'GET' });
    return (await answer.body.json()) as {
      version: number;
      writer: object | null;
      address: object;
    };
  };
  return { agent, world, runtimeDir, ask, stop: () => stop.abort() };
}

/** etcd's transactions are those of the simulation; the rest answers what the world says. */
function portsTo(world: World): Ports {
  const etcd = async <T>(act: () => T): Promise<T> => {
    if (!world.etcdAnswers) throw new Error('etcd does not answer');
    return act();
  };
  const transact = (transaction: Transaction) =>
    etcd(() => ({ done: world.store.transact(transaction), view: world.store.view() }));
  return {
    now: bootTime(),
    wallClock: Date.now,
    watch: async () => {},
    power: null,
    etcdDamage: async () => null,
    members: null,
    links: null,
    peers: null,
    certificatesEnd: async () => '2027-01-01T00:00:00.000Z',
    etcd: {
      read: () => etcd(() => world.store.view()),
      pulse: async (effect) => {
        const { done, view } = await transact(pulse(NAMES, 'a', effect));
        return { renewed: done, view };
      },
      claim: async (effect) => {
        const { done, view } = await transact(claim(NAMES, 'a', effect));
        return { won: done, view };
      },
      release: async (effect) => (await transact(release(NAMES, effect))).view,
      cancelSwitchover: async () => {},
      nominate: async () => {},
      depose: async () => {},
      recover: async () => ({ done: false, view: world.store.view() }),
      relieve: async () => {},
      writeAlone: async () => world.store.view(),
      writePromise: async () => world.store.view(),
      takePromiseBack: async () => ({ done: false, view: world.store.view() }),
      giveUponPromises: async () => ({ done: false, view: world.store.view() }),
      noteTimeline: async (effect) => (await transact(noteTimeline(NAMES, effect))).view,
      endHistory: async () => {},
      leaseLeftMs: () => etcd(() => 18_000),
      leadership: async () => ({ here: false, others: [] }),
      moveLeader: async () => {},
      room: async () => ({ noSpace: false, own: 0.1, most: 0.1, allAnswer: true }),
      makeRoom: async () => {},
    },
    site: {
      patroni: {
        report: async () => ({ role: 'primary', state: 'running', timeline: 1, lsn: '100' }),
        switchover: async () => {},
      },
      cloneAnew: async () => {},
      server: {
        report: async () => {
          if (world.serverGone) throw new Error('nobody listens');
          return world.server;
        },
        tell: async (order) => {
          const epoch = order.role === 'writer' ? order.leaderRevision : null;
          world.server = { ...world.server, role: order.role, epoch };
          return world.server;
        },
      },
      front: { health: async () => ({ healthy: true, connections: 0 }) },
      handOver: null,
      disk: () => ({ silentMs: 0, free: 0.5, scarce: 'space', trouble: null }),
      promotionTold: async () => null,
      blocking: null,
      copyDamage: async () => null,
      isGone: () => world.serverGone,
    },
    address: {
      hold: async (until) => {
        world.addressUntil = until;
      },
      refuseNew: async () => {},
      drop: async () => {
        world.dropped++;
      },
      present: async () => {
        if (world.cardMissing) throw new Error('there is no such device');
        return world.addressUntil > bootTime()();
      },
    },
  };
}
