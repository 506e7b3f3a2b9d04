import { expect, test } from 'vitest';
import { selfAt } from '../../../test/support/self.ts';
import { steppingAs } from '../../../test/support/stepping.ts';
import type { Input } from '../inputs.ts';
import { ownName } from '../own-name.ts';
import { wordNow } from '../pulse/word.ts';
import { TIMINGS } from '../timings.ts';
import { explain } from '../told/explain.ts';
import { StoryEtcd } from '../told/story-etcd.ts';
import { writesOf } from '../told/writes.ts';
import type { View } from '../view.ts';
import { isBound } from './give-leave.ts';
import { leaveUntil } from './go-on.ts';

const FAILSAFE = ['a', 'b', 'c'];

test('once etcd is silent a leader asks every other site with a copy, again and again', () => {
  const leader = leading();
  expect(leader.at(1_900).asked()).toEqual([]);
  expect(leader.at(2_100).asked()).toEqual(['b', 'c']);
  expect(leader.at(2_200).asked()).toEqual([]);
  expect(leader.at(2_400).asked()).toEqual(['b', 'c']);
});

test('with the leave of all of them its server may answer on, counted from when it asked', () => {
  const leader = leading().at(6_000);
  leader.take(leave('b', 5_900));
  expect(leaveUntil(leader.state, TIMINGS)).toBe(Number.NEGATIVE_INFINITY);
  leader.take(leave('c', 5_950));
  expect(leaveUntil(leader.state, TIMINGS)).toBe(5_900 + TIMINGS.confirmationMs);
  expect(leader.state.told?.deadline).toBe(5_900 + TIMINGS.confirmationMs);
});

test('once its time is over no leave helps: somebody may have been promoted meanwhile, and only etcd knows', () => {
  const leader = leading().at(7_100);
  const before = leader.state.told?.deadline;
  leader.take(leave('b', 7_000));
  leader.take(leave('c', 7_000));
  expect(leader.state.told?.deadline).toBe(before);
  expect(leader.at(8_000).asked()).toEqual([]);
});

test('nobody goes on for ever: another machine of its name, which is not asked, may take the name by then', () => {
  const leader = leading();
  for (let now = 2_400; now < 640_000; now += 1_000) {
    leader.at(now);
    leader.take(leave('b', now - 100));
    leader.take(leave('c', now - 100));
  }
  const until = 7_000 + TIMINGS.goOnMaxMs;
  expect(leader.state.told?.deadline).toBe(until);
  const twin = (isOn: boolean) => following(isOn).ofAnotherMachine();
  expect(twin(false).later(TIMINGS.leaderLeaseMs).name()).toBe('free');
  const other = twin(true).later(TIMINGS.goOnMaxMs + TIMINGS.leaderLeaseMs);
  expect(other.name()).toBe('taken');
  expect(other.later(TIMINGS.goOnMarginMs).name()).toBe('free');
  expect(TIMINGS.goOnMarginMs).toBeGreaterThan(0.02 * TIMINGS.goOnMaxMs);
});

test('the leader says that it goes on, and for how long; else who keeps it from that, and why', () => {
  const leader = leading().at(6_000);
  for (const site of ['b', 'c']) leader.take(leave(site, 5_900));
  leader.at(8_500);
  expect(writesOf(leader.state, 8_500, TIMINGS)).toMatchObject({ kind: 'flow', withoutEtcd: true });
  const told = explain(leader.state, 8_500, TIMINGS);
  expect(told.leader).toMatch(/^a goes on without etcd, as long as every other site/);
  expect(told.warning).toMatch(/^WITHOUT ETCD: writes go on/);
  leader.take(refused('b', 8_400));
  leader.at(10_000);
  expect(explain(leader.state, 10_000, TIMINGS).leader).toContain(
    'before that a led, and may answer nobody now: b does not let it go on (its PostgreSQL is stopped)',
  );
  expect(writesOf(leader.state, 10_000, TIMINGS).kind).toBe('unknown');
  const off = leading(FAILSAFE, false).at(8_500);
  expect(explain(off.state, 8_500, TIMINGS)).toMatchObject({
    leader: expect.stringMatching(
      /^Not known: etcd has not answered for 8.5 s; before that a led\.$/,
    ),
    warning: null,
  });
});

test('so say other sites by its word, whether etcd answers them or not', () => {
  const { report } = wordNow(leading().at(6_000).state, 6_000, TIMINGS);
  const server = { ...report.server!, role: 'writer' } as const;
  const goingOn = { inForce: true, lacks: [] };
  const word = { etcdSilentMs: 20_000, goingOn, report: { ...report, server } };
  for (const hears of [true, false]) {
    const standby = following().later(20_000);
    if (hears) standby.reads('silent a');
    standby.with({ kind: 'peer-answered', site: 'a', sentAt: standby.now, word });
    expect(writesOf(standby.state, standby.now, TIMINGS)).toMatchObject({ withoutEtcd: true });
    const { leader } = explain(standby.state, standby.now, TIMINGS);
    expect(leader).toContain(hears ? 'a goes on without etcd' : 'a writes without etcd');
  }
});

test('a leave of another term counts for nothing, and an older one takes nothing back', () => {
  const leader = leading().at(6_000);
  leader.take(leave('b', 5_900, 98));
  leader.take(leave('c', 5_900));
  expect(leader.state.leave.b).toBeUndefined();
  leader.take(leave('b', 5_950));
  leader.take(leave('b', 5_800));
  expect(leaveUntil(leader.state, TIMINGS)).toBe(5_900 + TIMINGS.confirmationMs);
});

test('where Patroni itself would not go on nobody is asked', () => {
  expect(leading(null).at(2_500).asked()).toEqual([]);
  expect(leading(['b', 'c']).at(2_500).asked()).toEqual([]);
});

test('a standby lets the leader that it knows go on, and is nobody’s next leader meanwhile', () => {
  const standby = following();
  expect(standby.asks('a', 7)).toBeNull();
  expect(standby.state.leaveGiven).toEqual({
    to: 'a',
    until: standby.now + TIMINGS.confirmationMs + TIMINGS.confirmationMarginMs,
  });
});

test('switched off nobody asks, and nobody is let', () => {
  const leader = leading(FAILSAFE, false);
  expect(leader.at(2_500).asked()).toEqual([]);
  leader.take(leave('b', 2_400));
  leader.take(leave('c', 2_400));
  expect(leader.state.told?.deadline).toBe(7_000);
  expect(wordNow(leader.at(6_000).state, 6_000, TIMINGS)).not.toHaveProperty('goingOn');
  const standby = following(false);
  expect(standby.asks('a', 7)).toBe('failsafe is off there');
  expect(standby.state.leaveGiven).toEqual(following().state.leaveGiven);
});

test('what an agent before this one gave binds this one, also where it is switched off since', () => {
  const standby = following(false).with({ kind: 'leave-given', until: 5_000 });
  expect([isBound(standby.state, 4_999), isBound(standby.state, 5_000)]).toEqual([true, false]);
});

test.each([
  ['of another term', (site: Standby) => site.asks('a', 8), 'leads another term'],
  ['of another site', (site: Standby) => site.asks('c', 7), 'the leader that it knows is a'],
  [
    'where a promotion would not wait, as of a release before',
    (site: Standby) => site.with(postgres('standby', null)).asks('a', 7),
    'no configuration yet in which a promotion heeds a leave',
  ],
  ['beside a primary', (site: Standby) => site.with(postgres('primary')).asks('a', 7), 'primary'],
  [
    'while Patroni is silent',
    (site: Standby) => site.later(TIMINGS.freshMs + 1).asks('a', 7),
    'its Patroni does not answer',
  ],
  [
    'when Patroni’s key is its own',
    (site: Standby) => site.reads('leader a 7, patroni b').asks('a', 7),
    "Patroni's leader key names b",
  ],
  [
    'when it has the address',
    (site: Standby) => site.reads('leader a 7, patroni a, address b 9').asks('a', 7),
    'the lead or the address itself',
  ],
])('it says no %s', (_, ask, why) => {
  expect(ask(following())).toContain(why);
});

type Standby = ReturnType<typeof following>;

const postgres = (role: 'primary' | 'standby', heedsLeave: true | null = true): Input => ({
  kind: 'postgres',
  postgres: { role, state: 'running', timeline: 1, lsn: '1' },
  ...(heedsLeave && { heedsLeave }),
});

const leave = (site: string, sentAt: number, term = 7): Input => ({
  ...{ kind: 'leave-answered', site, sentAt, term, why: null },
});

const refused = (site: string, sentAt: number): Input => ({
  ...{ kind: 'leave-answered', site, sentAt, term: 7, why: 'its PostgreSQL is stopped' },
});

const withFailsafe = (view: View, failsafe: readonly string[] | null): View => ({
  ...view,
  patroni: { ...view.patroni, ...(failsafe && { failsafe }) },
});

/** Site a, whose server was told to write until 7 s; etcd has not answered since 0. */
function leading(failsafe: readonly string[] | null = FAILSAFE, isOn = true) {
  const site = steppingAs(selfAt('a', { boot: '2', failsafe: isOn }));
  const etcd = new StoryEtcd({});
  const view = () => withFailsafe(etcd.read(), failsafe);
  etcd.change('leader a 7, address a 5, patroni a');
  site.take({ kind: 'address-found', present: true }, 0);
  site.take({ kind: 'read', view: view() }, 0);
  site.take({ kind: 'front', healthy: true, connections: 0 }, 0);
  site.take(postgres('primary'), 0);
  const server = { role: 'writer', epoch: 7, position: 0, healthy: true, why: null } as const;
  site.take({ kind: 'server', askedAt: 0, server }, 0);
  site.take({ kind: 'patroni-lease', lease: 'lease of a', sentAt: 0, ttlMs: 20_000 }, 0);
  site.take(
    { kind: 'pulsed', sentAt: 0, holds: { leader: 7, address: 5 }, renewed: true, view: view() },
    0,
  );
  site.take({ kind: 'told', role: 'writer', epoch: 7 }, 1);
  site.take({ kind: 'address-held' }, 1);
  expect(site.state.told?.deadline).toBe(7_000);
  let now = 1;
  const leader = {
    get state() {
      return site.state;
    },
    at(time: number) {
      now = time;
      site.take({ kind: 'tick' }, now);
      return leader;
    },
    take: (input: Input) => {
      site.take(input, now);
      site.take({ kind: 'told', role: 'writer', epoch: 7 }, now);
    },
    asked: () => site.effects.flatMap((effect) => (effect.kind === 'ask-leave' ? [effect.of] : [])),
  };
  return leader;
}

/** Site b, which follows a. */
function following(isOn = true) {
  const site = steppingAs(selfAt('b', { boot: '2', failsafe: isOn }));
  const etcd = new StoryEtcd({});
  const named = (view: View): View => {
    const { a, ...others } = view.machines;
    return { ...view, machines: { ...others, b: { ...a!, machine: 'm', boot: '2' } } };
  };
  let now = 100;
  let ofOther: View | null = null;
  const standby = {
    get state() {
      return site.state;
    },
    get now() {
      return now;
    },
    reads(story: string) {
      site.take({ kind: 'read', view: named(etcd.change(story)) }, now);
      return standby;
    },
    with(input: Input) {
      site.take(input, now);
      return standby;
    },
    later(ms: number) {
      now += ms;
      return standby;
    },
    /** The name was taken by one that has been silent since; etcd answers. */
    ofAnotherMachine() {
      const view = etcd.read();
      const b = { ...view.machines.a!, machine: 'other', boot: '1' };
      ofOther = { ...view, machines: { ...view.machines, b } };
      site.take({ kind: 'read', view: ofOther }, now);
      return standby;
    },
    name() {
      site.take({ kind: 'read', view: ofOther! }, now);
      return ownName(site.state, now, TIMINGS);
    },
    asks(from: string, term: number): string | null | undefined {
      site.take({ kind: 'leave-asked', id: '1', site: from, term }, now);
      const answer = site.effects.find((effect) => effect.kind === 'give-leave');
      return answer?.why;
    },
  };
  return standby.reads('leader a 7, address a 5, patroni a').with(postgres('standby'));
}
