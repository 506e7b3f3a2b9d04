import type { Effect } from './effects.ts';
import { explain } from './explain.ts';
import type { Input } from './inputs.ts';
import { step } from './machine.ts';
import { type State, start } from './state.ts';
import { TIMINGS } from './timings.ts';
import type { LeaseKey, MachineKey, Power, Report, ServerRole, Site, View } from './view.ts';

/**
 * Replays a story at site a and writes down what the machine answered: one line per input, then what
 * it wants done and, whenever it changes, how it explains who leads. The words of a line:
 *
 *     etcd leader a 5, address -, patroni a, sync b c, failover a b, silent c     what a reading shows
 *     pulsed | refused        the answer to the latest pulse, with the same view
 *     won leader | lost leader | released leader | claim failed leader
 *     machine m 1 2           whose name a is: machine, its start, and how often it was lost; ours is m 2
 *     timeline 2, paused      of Patroni's /history and /config; sync-leader b: who wrote /sync
 *     postgres primary 2 | postgres starting | postgres creating | lease 20 | server writer 7 | server sick | server gone
 *     told writer 7 | front well | front sick | held | dropped | power battery | switchover b | tick
 */
export function replay({ before = '', story, others = {} }: Told): string {
  const may = { mayHandOver: true, mayHoldAddress: true };
  const machine = { machine: 'm', boot: '2' };
  const self = { site: 'a', ...machine, witness: false, strict: true, ...may };
  let state = start({ ...self, serverUrl: 'https://a' }, 0);
  const etcd = modelledEtcd(others);
  const told: string[] = [];
  let explained = '';
  let lastPulse: Extract<Effect, { kind: 'pulse' }> | null = null;
  const beginning = lines(before);
  for (const [index, line] of [...beginning, ...lines(story)].entries()) {
    if (index === beginning.length) told.length = 0;
    const [at, ...words] = line.split(' ') as [string, ...string[]];
    const now = Number(at);
    const input = read(words, { etcd, lastPulse, state, now });
    const { state: after, effects } = step(state, input, now, TIMINGS);
    state = after;
    told.push(`${line.padEnd(46)} → ${say(state, now)}`);
    for (const effect of effects) {
      if (effect.kind === 'pulse') lastPulse = effect;
      const words = describe(effect);
      if (words !== null) told.push(`      ${words}`);
    }
    const sentence = explain(state, now, TIMINGS).leader;
    if (sentence !== explained) told.push(`      "${sentence}"`);
    explained = sentence;
  }
  return `${told.join('\n')}\n`;
}

export interface Told {
  /** What happened before the story begins, and is not written down. */
  readonly before?: string;
  readonly story: string;
  /** How the other sites differ from being well. */
  readonly others?: Record<Site, Partial<Report>>;
}

function lines(story: string): string[] {
  return story
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function say(state: State, now: number): string {
  const leads =
    state.steppingDown !== null ? 'stepping down' : state.leader ? 'leader' : 'follower';
  const good =
    state.leader !== null && state.leader.until > now ? ` until ${state.leader.until}` : '';
  const address = state.leaving !== null ? 'leaving' : state.address ? 'held' : 'elsewhere';
  return `${leads}${good}, address ${address}`;
}

/** Pulses, readings and questions come all the time, and say nothing. */
function describe(effect: Effect): string | null {
  switch (effect.kind) {
    case 'pulse': {
      const { put } = effect.name;
      return put && `pulse as ${put.machine} ${put.boot}, lost ${put.losses} times`;
    }
    case 'read':
    case 'patroni-lease':
      return null;
    case 'claim':
      return `claim ${effect.lease}${effect.over === null ? '' : ` over ${effect.over.site}`}`;
    case 'release':
      return `release ${effect.lease}`;
    case 'tell-server':
      return effect.role === 'follower'
        ? 'tell-server follower'
        : `tell-server writer, term ${effect.leaderRevision}, until ${effect.deadline}`;
    case 'hold-address':
      return `hold-address until ${effect.until}`;
    case 'switchover':
      return `switchover from ${effect.from} to ${effect.to}`;
    case 'hand-over':
      return `hand-over to ${effect.to}`;
    case 'move-etcd-leader':
      return `move-etcd-leader to ${effect.member}`;
    case 'answer':
      return `answer ${effect.accepted ? 'yes' : 'no'}: ${effect.text}`;
    case 'nominate':
    case 'cancel-switchover':
    case 'refuse-connections':
    case 'drop-address':
    case 'reinitialize':
      return effect.kind;
  }
}

interface Context {
  readonly etcd: ReturnType<typeof modelledEtcd>;
  readonly lastPulse: Extract<Effect, { kind: 'pulse' }> | null;
  readonly state: State;
  readonly now: number;
}

function read(words: string[], { etcd, lastPulse, state, now }: Context): Input {
  const [kind, first, second] = words;
  const lease = first === 'address' ? 'address' : 'leader';
  switch (kind) {
    case 'etcd':
      return { kind: 'read', view: etcd.change(words.slice(1).join(' ')) };
    case 'pulsed':
    case 'refused': {
      const { sentAt, holds } = lastPulse ?? { sentAt: now, holds: {} };
      const view = etcd.beat();
      return { kind: 'pulsed', sentAt, holds, renewed: kind === 'pulsed', view };
    }
    case 'won':
      return { kind: 'claimed', lease, sentAt: now, won: true, view: etcd.give(lease, 'a') };
    case 'lost':
      return { kind: 'claimed', lease, sentAt: now, won: false, view: etcd.beat() };
    case 'released':
      return { kind: 'released', lease, view: etcd.give(lease, null) };
    case 'postgres': {
      const role = first === 'primary' ? 'primary' : 'standby';
      const timeline = Number(second ?? 1);
      return { kind, postgres: { role, state: 'running', timeline, lsn: '1' } };
    }
    case 'lease': {
      const key = state.view?.patroni.leader?.lease ?? '';
      return { kind: 'patroni-lease', lease: key, sentAt: now, ttlMs: Number(first) * 1_000 };
    }
    case 'server':
      return readServer(first, second, now);
    case 'told':
      return {
        kind,
        role: first as ServerRole,
        epoch: second === undefined ? null : Number(second),
      };
    case 'front':
      return { kind, healthy: first === 'well', connections: Number(second ?? 0) };
    case 'held':
      return { kind: 'address-held' };
    case 'dropped':
      return { kind: 'address-dropped' };
    case 'found':
      return { kind: 'address-found', present: first === 'present' };
    case 'power':
      return { kind, power: first as Power };
    case 'switchover':
      return { kind: 'switchover-wanted', id: '1', to: first ?? null };
    case 'moved':
      return { kind: 'done', effect: 'switchover' };
    case 'raft':
      return { kind: 'etcd-leader', here: first === 'here', others: members(['b', 'c']) };
    case 'tick':
      return { kind };
    default:
      throw new Error(`the story says "${words.join(' ')}"`);
  }
}

const members = (names: string[]) => names.map((name) => ({ id: `id of ${name}`, name }));

function readServer(what: string | undefined, epoch: string | undefined, askedAt: number): Input {
  if (what === 'gone' || what === 'silent') {
    const reason = what === 'gone' ? 'nobody listens' : 'no answer within 1 s';
    return { kind: 'server-silent', askedAt, gone: what === 'gone', reason };
  }
  const healthy = what !== 'sick';
  const role = what === 'sick' ? 'writer' : (what as ServerRole);
  const why = healthy ? null : 'its disk does not answer';
  const server = {
    role,
    epoch: epoch === undefined ? null : Number(epoch),
    position: 0,
    healthy,
    why,
  };
  return { kind: 'server', askedAt, server };
}

function modelledEtcd(others: Record<Site, Partial<Report>>) {
  let revision = 10;
  const silent = new Set<Site>();
  const keys: {
    leader: LeaseKey;
    address: LeaseKey;
    patroni: Site | null;
    sync: Site[];
    failover: View['patroni']['failover'];
    timeline: number;
    paused: boolean;
    syncLeader: Site | null;
    machine: MachineKey;
  } = {
    leader: { site: null, revision: 0 },
    address: { site: null, revision: 0 },
    patroni: null,
    sync: ['b', 'c'],
    failover: null,
    timeline: 1,
    paused: false,
    syncLeader: null,
    machine: { machine: 'm', boot: '2', losses: 0, revision: 4 },
  };
  const pulses: Record<Site, number> = { a: 1, b: 1, c: 1 };
  const key = (site: string | undefined, term: string | undefined): LeaseKey => ({
    site: site === undefined || site === '-' ? null : site,
    revision: Number(term ?? 1),
  });
  const view = (): View => {
    revision += 1;
    for (const site of Object.keys(pulses)) if (!silent.has(site)) pulses[site] = revision;
    const report = (site: Site): Report => ({ ...wellAtSite(site), ...others[site] });
    const entries = Object.entries(pulses).map(([site, pulse]) => [
      site,
      { revision: pulse, report: report(site) },
    ]);
    const leader =
      keys.patroni === null ? null : { site: keys.patroni, lease: `lease of ${keys.patroni}` };
    return {
      clusterId: '1',
      revision,
      leader: keys.leader,
      address: keys.address,
      sites: Object.fromEntries(entries),
      machines: { a: keys.machine },
      patroni: {
        leader,
        sync: { leader: keys.syncLeader ?? keys.patroni, standbys: keys.sync, revision: 2 },
        failover: keys.failover,
        failoverRevision: keys.failover?.revision ?? 0,
        timeline: keys.timeline,
        paused: keys.paused,
        configRevision: 3,
      },
      unreadable: [],
    };
  };
  return {
    beat: view,
    give(lease: 'leader' | 'address', to: Site | null) {
      keys[lease] = { site: to, revision: revision + 1 };
      return view();
    },
    change(text: string) {
      for (const [what, ...rest] of text.split(', ').map((part) => part.split(' '))) {
        if (what === 'leader' || what === 'address') keys[what] = key(rest[0], rest[1]);
        if (what === 'patroni') keys.patroni = rest[0] === '-' ? null : (rest[0] ?? null);
        if (what === 'failover') {
          const [from, to] = rest;
          keys.failover =
            from === '-' ? null : { from: from ?? null, to: to ?? null, revision: 70 };
        }
        if (what === 'timeline') keys.timeline = Number(rest[0]);
        if (what === 'paused') keys.paused = true;
        if (what === 'sync-leader') keys.syncLeader = rest[0] ?? null;
        if (what === 'sync') keys.sync = rest[0] === '-' ? [] : rest;
        if (what === 'machine') {
          const [machine = '', boot = '', losses] = rest;
          keys.machine = { machine, boot, losses: Number(losses ?? 0), revision: revision + 1 };
        }
        if (what === 'silent') for (const site of rest) silent.add(site);
      }
      return view();
    },
  };
}

export function wellAtSite(site: Site): Report {
  return {
    witness: false,
    serverUrl: `https://${site}`,
    server: { role: 'follower', epoch: null, position: 0, healthy: true, why: null },
    postgres: { role: 'standby', state: 'streaming', timeline: 1, lsn: '0/1' },
    front: 'healthy',
    frontWay: null,
    mayHoldAddress: true,
    power: 'mains',
    certificatesEnd: null,
    notCandidate: null,
    heldDown: false,
    unstable: 0,
    etcdLeader: false,
  };
}
