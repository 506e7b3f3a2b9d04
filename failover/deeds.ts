import type { Deeds } from './core/effects.ts';
import type { Input } from './core/inputs.ts';
import type { Operators } from './operators.ts';
import {
  type Address,
  type Blocking,
  type Etcd,
  type EtcdMembers,
  type Peers,
  type Ports,
  reasonOf,
  type SitePorts,
} from './ports.ts';
import type { Questions } from './questions.ts';

/** What is done about each effect, and the input that it ends in; null for what ends at an operator. */
export type AgentsDeeds = Deeds<Promise<Input | null>>;

export function deedsOf(
  { etcd, members, address, site, peers }: Ports,
  operators: Operators,
  questions: Questions,
): AgentsDeeds {
  return {
    ...deedsInEtcd(etcd),
    ...deedsOfMembers(etcd, members),
    ...deedsWithAddress(address),
    ...deedsAtSite(site),
    ...deedsWithPeers(peers, questions),
    answer: async (effect) => {
      operators.answer(effect);
      return null;
    },
  };
}

const deedsInEtcd = (etcd: Etcd) =>
  ({
    pulse: async (effect) => {
      const { sentAt, holds } = effect;
      return { kind: 'pulsed', sentAt, holds, ...(await etcd.pulse(effect)) };
    },
    read: async () => ({ kind: 'read', view: await etcd.read() }),
    claim: async (effect) => {
      const { lease, sentAt } = effect;
      return { kind: 'claimed', lease, sentAt, ...(await etcd.claim(effect)) };
    },
    release: async (effect) => {
      return { kind: 'released', lease: effect.lease, view: await etcd.release(effect) };
    },
    'patroni-lease': async ({ lease, sentAt }) => {
      return { kind: 'patroni-lease', lease, sentAt, ttlMs: await etcd.leaseLeftMs(lease) };
    },
    'cancel-switchover': async (effect) => {
      await etcd.cancelSwitchover(effect);
      return { kind: 'done', effect: effect.kind };
    },
    nominate: async (effect) => {
      await etcd.nominate(effect);
      return { kind: 'done', effect: effect.kind };
    },
    depose: async (effect) => {
      await etcd.depose(effect);
      return { kind: 'done', effect: effect.kind };
    },
    recover: async (effect) => ({ kind: 'recovered', ...(await etcd.recover(effect)) }),
    relieve: async (effect) => {
      await etcd.relieve(effect);
      return { kind: 'done', effect: effect.kind };
    },
    'note-timeline': async (effect) => {
      return { kind: 'timeline-noted', view: await etcd.noteTimeline(effect) };
    },
    promise: async (effect) => ({ kind: 'promised', view: await etcd.writePromise(effect) }),
    'take-back': async ({ revision }) => {
      return { kind: 'taken-back', ...(await etcd.takePromiseBack(revision)) };
    },
    give: async (effect) => {
      const { sentAt } = effect;
      return { kind: 'given', sentAt, ...(await etcd.giveUponPromises(effect)) };
    },
    'end-history': async (effect) => {
      await etcd.endHistory(effect);
      return { kind: 'done', effect: effect.kind };
    },
    'move-etcd-leader': async ({ kind, member }) => {
      await etcd.moveLeader(member);
      return { kind: 'done', effect: kind };
    },
    'make-room-in-etcd': async ({ kind }) => {
      await etcd.makeRoom();
      return { kind: 'done', effect: kind };
    },
  }) satisfies Partial<AgentsDeeds>;

function deedsOfMembers(etcd: Etcd, members: EtcdMembers | null) {
  const those = (): EtcdMembers => {
    if (members === null) throw new Error('no site goes on alone here');
    return members;
  };
  return {
    'go-alone': async (effect) => ({ kind: 'alone-written', view: await etcd.writeAlone(effect) }),
    'remove-member': async ({ kind, member }) => {
      await those().remove(member);
      return { kind: 'done', effect: kind };
    },
    'promote-member': async ({ kind, member }) => {
      await those().promote(member);
      return { kind: 'done', effect: kind };
    },
  } satisfies Partial<AgentsDeeds>;
}

const deedsWithAddress = (address: Address | null) =>
  ({
    'hold-address': async ({ until, term }) => {
      await address?.hold(until, term);
      return { kind: 'address-held' };
    },
    'refuse-connections': async ({ kind }) => {
      await address?.refuseNew();
      return { kind: 'done', effect: kind };
    },
    'drop-address': async () => {
      await address?.drop();
      return { kind: 'address-dropped' };
    },
  }) satisfies Partial<AgentsDeeds>;

function deedsAtSite(site: SitePorts | null) {
  const here = (): SitePorts => {
    if (site === null) throw new Error('a witness has no server and no Patroni');
    return site;
  };
  return {
    'tell-server': async (effect) => ({ kind: 'told', ...(await here().server.tell(effect)) }),
    switchover: async ({ kind, from, to }) => {
      await here().patroni.switchover(from, to);
      return { kind: 'done', effect: kind };
    },
    'hand-over': async (effect) => {
      await here().handOver?.(effect);
      return { kind: 'done', effect: effect.kind };
    },
    block: async ({ block }) => {
      return { kind: 'blocked', block, ...(await blockingAt(here()).put(block)) };
    },
    unblock: async ({ block }) => {
      await blockingAt(here()).take(block);
      return { kind: 'unblocked' };
    },
    reinitialize: async ({ kind, from }) => {
      await here().cloneAnew(from);
      return { kind: 'done', effect: kind };
    },
  } satisfies Partial<AgentsDeeds>;
}

function blockingAt({ blocking }: SitePorts): Blocking {
  if (blocking === null) throw new Error('this site can turn no other site’s PostgreSQL away');
  return blocking;
}

const deedsWithPeers = (peers: Peers | null, questions: Questions) =>
  ({
    'ask-leave': async ({ of: site, sentAt, term }) => {
      const asked = peers?.askLeave(site, term) ?? Promise.resolve(UNNAMED);
      const why = await asked.catch(reasonOf);
      return { kind: 'leave-answered', site, sentAt, term, why };
    },
    'give-leave': async (effect) => {
      const noted = effect.why === null ? peers?.noteLeave(effect.until) : undefined;
      const failed = await noted?.then(() => null, reasonOf);
      questions.answer(effect, effect.why ?? failed ?? null);
      return null;
    },
    'ask-cover': async ({ of: site, sentAt, term }) => {
      const asked = peers?.askCover(site, term) ?? Promise.resolve(UNNAMED);
      const why = await asked.catch(reasonOf);
      return { kind: 'cover-answered', site, sentAt, term, why };
    },
    'give-cover': async (effect) => {
      questions.answer(effect, effect.why);
      return null;
    },
  }) satisfies Partial<AgentsDeeds>;

const UNNAMED = 'its agent cannot be asked: `peers` of failover.yml does not name it';
