import type { Effect, EffectOf } from '../effects.ts';
import type { Input } from '../inputs.ts';
import { step } from '../machine.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import type { LinkReport, Power, Report, ServerRole, Site } from '../view.ts';
import { explain } from './explain.ts';
import { StoryEtcd } from './story-etcd.ts';

/**
 * Replays a story at site a and writes down what the machine answered: one line per input, then what
 * it wants done and, whenever it changes, how it explains who leads. The words of a line:
 *
 *     etcd leader a 5, address -, patroni a, sync b c, failover a b, silent c     what a reading shows
 *     pulsed | refused        the answer to the latest pulse, with the same view
 *     won leader | lost leader | released leader | claim failed leader
 *     machine m 1 2           whose name a is: machine, its start, and how often it was lost; ours is m 2
 *     noted 1 4, given 2 c    which timeline may acknowledge, if not that of /history, and since which
 *                             of Patroni's keys (this one); the number of a promotion (ours)
 *     timeline 2, paused      of Patroni's /history and /config; sync-leader b: who wrote /sync
 *     postgres primary 2 | postgres starting | postgres creating | lease 20 | server writer 7 | server sick | server gone
 *     server writer 7 waits 3          for how many seconds its oldest batch has waited for its commit
 *     disk silent 6 (seconds) | disk free 4 (percent) | links b 10, c 0 (percent lost)
 *     told writer 7 | front well | front well 3 700 (connections, ms of the slowest) | front sick | held | dropped | power battery | power battery 300 (seconds left) | switchover b | moved | not moved
 *     pause 60 (seconds) | tick
 */
export function replay({ before = '', story, others = {} }: Told): string {
  const may = { mayHandOver: true, mayHoldAddress: true };
  const switched = { failsafe: false, thirdFence: false, alone: false };
  const machine = { machine: 'm', boot: '2' };
  const self = { site: 'a', ...machine, witness: false, strict: true, ...may, ...switched };
  let state = start({ ...self, serverUrl: 'https://a' }, 0);
  const etcd = new StoryEtcd(others);
  const told: string[] = [];
  let explained = '';
  let lastPulse: EffectOf<'pulse'> | null = null;
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
    case 'ask-leave':
      return `ask-leave of ${effect.of}, term ${effect.term}`;
    case 'give-leave':
      return effect.why === null ? `give-leave until ${effect.until}` : `no leave: ${effect.why}`;
    case 'move-etcd-leader':
      return `move-etcd-leader to ${effect.member}`;
    case 'answer':
      return `answer ${effect.accepted ? 'yes' : 'no'}: ${effect.text}`;
    case 'depose':
    case 'relieve':
      return `${effect.kind} ${effect.from}`;
    case 'ask-cover':
      return `ask-cover of ${effect.of}, term ${effect.term}`;
    case 'give-cover':
      return effect.why === null ? 'give-cover' : `no cover: ${effect.why}`;
    case 'block':
    case 'unblock':
    case 'promise':
    case 'give':
      return `${effect.kind} ${effect.block.holder}`;
    case 'remove-member':
    case 'promote-member':
      return `${effect.kind} ${effect.member}`;
    case 'go-alone':
      return effect.leaver === null ? 'go-alone no more' : `go-alone without ${effect.leaver}`;
    case 'recover':
      return `recover with ${effect.to}`;
    case 'nominate':
    case 'note-timeline':
    case 'end-history':
    case 'cancel-switchover':
    case 'refuse-connections':
    case 'drop-address':
    case 'reinitialize':
    case 'make-room-in-etcd':
    case 'take-back':
      return effect.kind;
    default:
      return effect satisfies never;
  }
}

interface Context {
  readonly etcd: StoryEtcd;
  readonly lastPulse: EffectOf<'pulse'> | null;
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
      const view = etcd.read();
      return { kind: 'pulsed', sentAt, holds, renewed: kind === 'pulsed', view };
    }
    case 'won':
      return { kind: 'claimed', lease, sentAt: now, won: true, view: etcd.give(lease, 'a') };
    case 'lost':
      return { kind: 'claimed', lease, sentAt: now, won: false, view: etcd.read() };
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
      return readServer(words, now);
    case 'told':
      return {
        kind,
        role: first as ServerRole,
        epoch: second === undefined ? null : Number(second),
      };
    case 'front':
      return readFront(words);
    case 'held':
      return { kind: 'address-held' };
    case 'dropped':
      return { kind: 'address-dropped' };
    case 'found':
      return { kind: 'address-found', present: first === 'present' };
    case 'power':
      return { kind, power: first as Power, battery: batteryIn(second) };
    case 'disk': {
      const [silentMs, free] = [1_000 * Number(second ?? 0), Number(second ?? 50) / 100];
      const well = { silentMs: 0, free: 0.5, scarce: 'space', trouble: null } as const;
      return { kind, disk: first === 'silent' ? { ...well, silentMs } : { ...well, free } };
    }
    case 'links':
      return { kind: 'links', links: linksIn(words.slice(1)) };
    case 'pause':
      return { kind: 'pause-wanted', id: '2', forMs: Number(first) * 1_000 };
    case 'switchover':
      return { kind: 'switchover-wanted', id: '1', to: first ?? null };
    case 'moved':
      return { kind: 'done', effect: 'switchover' };
    case 'not':
      return { kind: 'failed', effect: 'switchover', reason: 'Patroni refuses' };
    case 'raft':
      return { kind: 'etcd-leader', here: first === 'here', others: members(['b', 'c']) };
    case 'tick':
      return { kind };
    default:
      throw new Error(`the story says "${words.join(' ')}"`);
  }
}

const batteryIn = (seconds: string | undefined) =>
  seconds === undefined ? null : { charge: null, leftMs: 1_000 * Number(seconds) };

const members = (names: string[]) => names.map((name) => ({ id: `id of ${name}`, name }));

function readFront([, told, connections = '0', slowestMs = '0']: string[]): Input {
  return {
    kind: 'front',
    healthy: told === 'well',
    connections: Number(connections),
    slowestMs: Number(slowestMs),
  };
}

function readServer(words: string[], askedAt: number): Input {
  const [, what, epoch, , waits] = words;
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
    waitingMs: 1_000 * Number(waits ?? 0),
  };
  return { kind: 'server', askedAt, server };
}

function linksIn(words: readonly string[]): Record<string, LinkReport> {
  const each = words.join(' ').split(', ');
  return Object.fromEntries(
    each.map((link) => {
      const [site, percent] = link.split(' ') as [Site, string];
      return [site, { lost: Number(percent) / 100, rttMs: 1 }];
    }),
  );
}
