import { expect, test } from 'vitest';
import { selfAt } from '../../../test/support/self.ts';
import { steppingAs } from '../../../test/support/stepping.ts';
import type { Effect, EffectOf } from '../effects.ts';
import type { Input } from '../inputs.ts';
import { TIMINGS } from '../timings.ts';
import { StoryEtcd } from '../told/story-etcd.ts';
import type { Block, SitePromise, View } from '../view.ts';
import { coveredUntil } from './cover.ts';

const KEY = { holder: 'a', key: 5, lease: 'lease of a' };

test('a leader is covered by its last pulse, or by voters, whichever is newer, and from when it asked', () => {
  const leader = leading();
  expect(coveredUntil(leader.state, TIMINGS)).toBe(TIMINGS.coverMs);
  leader.take(covered('c', 1_000), 1_200);
  expect(leader.state.told?.deadline).toBe(1_000 + TIMINGS.coverMs);
  leader.take(covered('b', 900), 1_300);
  leader.take(covered('b', 1_100, 6), 1_300);
  leader.take({ ...covered('b', 1_100), why: 'it has promised' }, 1_300);
  expect(coveredUntil(leader.state, TIMINGS)).toBe(1_000 + TIMINGS.coverMs);
});

test('of more voters so many have to cover it that too few are left who could promise', () => {
  const leader = leading('sync b c', { quorum: 0 });
  leader.take(covered('c', 1_000), 1_200);
  expect(coveredUntil(leader.state, TIMINGS)).toBe(TIMINGS.coverMs);
  leader.take(covered('b', 800), 1_200);
  expect(coveredUntil(leader.state, TIMINGS)).toBe(800 + TIMINGS.coverMs);
});

test('nobody covers one whom /sync does not name as the leader', () => {
  const leader = leading('sync-leader c');
  leader.take(covered('b', 1_000), 1_200);
  expect(coveredUntil(leader.state, TIMINGS)).toBe(TIMINGS.coverMs);
});

test('it asks the others every 0.3 s, and says that it is covered alone once nothing older is left', () => {
  const leader = leading();
  expect(leader.asked()).toEqual([]);
  leader.take({ kind: 'tick' }, 400);
  expect(leader.asked()).toEqual(['b', 'c']);
  leader.take({ kind: 'tick' }, 500);
  expect(leader.asked()).toEqual([]);
  expect(leader.pulsedAt(1_300)?.report.fenced).toBe(false);
  // The process before this one may have told 7 s.
  expect(leader.pulsedAt(5_000)?.report.fenced).toBe(true);
});

test('switched off nobody asks, covers or promises, and stock deadlines hold', () => {
  const leader = leading('', {}, false);
  leader.take({ kind: 'tick' }, 500);
  expect([leader.asked(), leader.state.told?.deadline]).toEqual([[], 7_000]);
  expect(leader.pulsedAt(5_000)?.report).not.toHaveProperty('fenced');
  const standby = following({ isOn: false });
  expect(standby.covers()).toBe('the third fence is off there');
  expect(standby.silentFor(3_000).kinds()).not.toContain('block');
});

test('a standby covers the leader that it knows, and then promises nothing for longer than that lasts', () => {
  const standby = following();
  standby.silentFor(1_000);
  expect(standby.covers()).toBeNull();
  expect(standby.silentFor(TIMINGS.promiseAfterMs - 100).kinds()).not.toContain('block');
  expect(standby.silentFor(200).kinds()).toContain('block');
});

test('it covers nobody of another term', () => {
  const standby = following();
  expect(standby.covers(8)).toBe('the leader that it knows is a, or leads another term');
});

test('who has given leave to go on without etcd promises nothing meanwhile', () => {
  const standby = following().take({ kind: 'leave-given', until: 3_000 });
  expect(standby.silentFor(2_900).kinds()).not.toContain('block');
  expect(standby.silentFor(200).kinds()).toContain('block');
});

test('a promise that nothing keeps is taken back', () => {
  const standby = following().reads({ b: promised(70, 11) });
  expect(standby.effect('take-back')).toMatchObject({ revision: 11 });
});

test('nothing is promised of a copy that turns out to be on another timeline', () => {
  const standby = following().silentFor(2_300);
  standby.take({ kind: 'blocked', block: KEY, timeline: 2, lsn: 70 });
  expect(standby.kinds()).not.toContain('promise');
});

test('it blocks, promises what it has, and takes the keys once the other has promised', () => {
  const standby = following().silentFor(2_300);
  expect(standby.effect('block')).toMatchObject({ block: KEY });
  standby.take({ kind: 'blocked', block: KEY, timeline: 1, lsn: 70 });
  expect(standby.effect('promise')).toMatchObject({ block: KEY, lsn: 70, revision: 0 });
  standby.reads({ b: promised(70, 11) });
  expect(standby.kinds()).not.toContain('give');
  standby.reads({ b: promised(70, 11), c: promised(70, 12) });
  expect(standby.effect('give')).toMatchObject({
    block: KEY,
    promises: { b: 11, c: 12 },
    term: 7,
    timeline: 1,
  });
});

test('who has promised covers nobody, and lets nobody go on without etcd', () => {
  const standby = following().promising(70);
  expect(standby.covers()).toBe('it has promised to confirm nothing from there');
  standby.take({ kind: 'leave-asked', id: '8', site: 'a', term: 7 });
  expect(standby.effect('give-leave')?.why).toBe('it has promised to confirm nothing from there');
  const found = following().reads({ b: promised(70, 11) });
  expect(found.covers()).toBe('it has promised to confirm nothing from there');
});

test('who has less never acts, and of two that have as much the first by name does at first', () => {
  const at = (own: number, other: number) =>
    following({ site: 'c' })
      .promising(own)
      .reads({ c: promised(own, 12), b: promised(other, 11) });
  expect(at(69, 70).silentFor(5_000).kinds()).not.toContain('give');
  expect(at(71, 70).kinds()).toContain('give');
  const second = at(70, 70);
  expect(second.kinds()).not.toContain('give');
  expect(second.silentFor(1_100).kinds()).toContain('give');
});

test('nobody acts once the leader’s last pulse says that its server may go on for longer', () => {
  const says = { fenced: true };
  const standby = following({ leaderSays: says }).promising(70);
  says.fenced = false;
  standby.reads({ b: promised(70, 11), c: promised(70, 12) });
  expect(standby.kinds()).not.toContain('give');
});

test.each<[string, Partial<SitePromise>]>([
  ['of another key', { block: { ...KEY, key: 4 } }],
  ['under another lease', { block: { ...KEY, lease: 'other' } }],
  ['that is void', { block: null }],
  ['of another timeline', { timeline: 2 }],
])('a promise %s does not count', (_, change) => {
  const standby = following().promising(70);
  standby.reads({ b: promised(70, 11), c: { ...promised(70, 12), ...change } });
  expect(standby.kinds()).not.toContain('give');
});

test.each([
  ['the leader may answer for longer', { fenced: false }, ''],
  ['moves are paused in Patroni', {}, 'paused'],
  ['a switchover is under way', {}, 'failover a b'],
  ['nobody else is named', {}, 'sync -'],
  ['another site is /sync’s leader', {}, 'sync-leader c'],
  ['another site leads', {}, 'leader c 9'],
  ['another site is silent, too', {}, 'silent c'],
  ['its copy is on another timeline', {}, 'timeline 2'],
])('nothing is promised while %s', (_, leaderSays, story) => {
  const standby = following({ leaderSays, story });
  expect(standby.silentFor(4_000).kinds()).not.toContain('block');
});

test('a leader that is heard again is let go: the promise is void first, and then the block ends', () => {
  const standby = following()
    .promising(70)
    .reads({ b: promised(70, 11) });
  standby.silentFor(100).heard();
  expect(standby.effect('take-back')).toMatchObject({ revision: 11 });
  expect(standby.kinds()).not.toContain('unblock');
  standby.takenBack(false, { b: promised(70, 13) });
  expect(standby.effect('take-back')).toMatchObject({ revision: 13 });
  standby.takenBack(true, { b: { ...promised(0, 14), block: null } });
  expect(standby.effect('unblock')).toMatchObject({ block: KEY });
  standby.take({ kind: 'unblocked' });
  expect(standby.state.promising).toBeNull();
});

test('after a give the block stays until the copy is on a newer timeline', () => {
  const standby = following({ site: 'c' })
    .promising(70)
    .reads({ c: promised(70, 12) });
  standby.reads({ c: promised(70, 12) }, 'patroni b, leader b 30', { to: 'b', revision: 30 });
  expect(standby.silentFor(30_000).kinds()).not.toContain('take-back');
  standby.reads({ c: promised(70, 12) }, 'patroni -', { to: 'b', revision: 30 });
  expect(standby.silentFor(30_000).kinds()).not.toContain('take-back');
  standby.take(postgres(2));
  expect(standby.kinds()).toContain('take-back');
});

test('or until the old primary has had the key anew for longer than a cover', () => {
  const standby = following({ site: 'c' })
    .promising(70)
    .reads({ c: promised(70, 12) });
  // The key of a story has one revision; what is given before it was taken anew has a lower one.
  standby.reads({ c: promised(70, 12) }, 'patroni a', { to: 'b', revision: 4 });
  expect(standby.silentFor(2_000).kinds()).not.toContain('take-back');
  expect(standby.silentFor(300).kinds()).toContain('take-back');
});

test('what an agent before this one has blocked holds for this one, also where the fence is off since', () => {
  const standby = following({ isOn: false });
  standby.take({ kind: 'block-found', block: { ...KEY, key: 3 } });
  expect(standby.kinds()).toContain('take-back');
  expect(standby.covers()).toBe('the third fence is off there');
});

const covered = (site: string, sentAt: number, term = 7) =>
  ({ kind: 'cover-answered', site, sentAt, term, why: null as string | null }) as const;

const promised = (lsn: number, revision: number): SitePromise => {
  return { block: KEY as Block, timeline: 1, lsn, revision };
};

const postgres = (timeline: number, role: 'primary' | 'standby' = 'standby'): Input => ({
  kind: 'postgres',
  postgres: { role, state: 'running', timeline, lsn: '1' },
});

const fencedAt = (site: string, isOn: boolean) =>
  selfAt(site, { boot: '2', thirdFence: isOn, failsafe: isOn });

/** Site a, of which etcd accepted a pulse at 0. */
function leading(story = '', sync: { quorum?: number } = { quorum: 1 }, isOn = true) {
  const site = steppingAs(fencedAt('a', isOn));
  const etcd = new StoryEtcd({});
  etcd.change(`leader a 7, address a 5, patroni a${story && `, ${story}`}`);
  const view = (): View => {
    const seen = etcd.read();
    const named = seen.patroni.sync && { ...seen.patroni.sync, ...sync };
    return { ...seen, patroni: { ...seen.patroni, sync: named } };
  };
  site.take({ kind: 'read', view: view() }, 0);
  site.take(postgres(1, 'primary'), 0);
  const server = { role: 'writer', epoch: 7, position: 0, healthy: true, why: null } as const;
  site.take({ kind: 'server', askedAt: 0, server }, 0);
  site.take({ kind: 'patroni-lease', lease: 'lease of a', sentAt: 0, ttlMs: 20_000 }, 0);
  const holds = { leader: 7, address: 5 };
  site.take({ kind: 'pulsed', sentAt: 0, holds, renewed: true, view: view() }, 0);
  const told = { kind: 'told', role: 'writer', epoch: 7 } as const;
  site.take(told, 1);
  return {
    get state() {
      return site.state;
    },
    take(input: Input, now: number) {
      site.take(input, now);
      if (input.kind !== 'tick') site.take(told, now);
    },
    asked: () => site.effects.flatMap((effect) => (effect.kind === 'ask-cover' ? [effect.of] : [])),
    pulsedAt(now: number): EffectOf<'pulse'> | undefined {
      site.take({ kind: 'tick' }, now);
      return site.effects.find((effect) => effect.kind === 'pulse');
    },
  };
}

interface Following {
  readonly site?: string;
  readonly isOn?: boolean;
  readonly leaderSays?: { readonly fenced?: boolean };
  readonly story?: string;
}

/** Site b, or c, which follows a; a has been silent since 0. */
function following({ site: name = 'b', isOn = true, leaderSays = {}, story = '' }: Following = {}) {
  const site = steppingAs(fencedAt(name, isOn));
  // As it is by then.
  const says = leaderSays.fenced === undefined ? { ...leaderSays, fenced: true } : leaderSays;
  const etcd = new StoryEtcd({ a: says });
  let now = 0;
  let promises: View['promises'] = {};
  let given: View['given'] | null = null;
  const view = (): View => {
    const { machines, ...seen } = etcd.read();
    const mine = { ...machines.a!, machine: 'm', boot: '2' };
    const known = { machines: { ...machines, [name]: mine }, promises: promises ?? {} };
    return { ...seen, ...known, ...(given && { given }) };
  };
  const told: Effect[] = [];
  const take = (input: Input) => {
    site.take(input, now);
    told.push(...site.effects);
  };
  const standby = {
    get state() {
      return site.state;
    },
    take(input: Input) {
      told.length = 0;
      take(input);
      return standby;
    },
    reads(known: View['promises'] = {}, change = '', by?: { to: string; revision: number }) {
      promises = known;
      if (change !== '') etcd.change(change);
      if (by) given = { key: KEY.key, timeline: 1, ...by };
      return standby.take({ kind: 'read', view: view() });
    },
    /** etcd and Patroni answer all the time. */
    silentFor(ms: number) {
      told.length = 0;
      for (const until = now + ms; now < until; ) {
        now = Math.min(until, now + 100);
        take(postgres(site.state.postgres?.report.timeline ?? 1));
        take({ kind: 'read', view: view() });
      }
      return standby;
    },
    heard: (term = 7) => standby.take({ kind: 'cover-asked', id: '9', site: 'a', term }),
    covers(term = 7): string | null | undefined {
      standby.heard(term);
      return standby.effect('give-cover')?.why;
    },
    takenBack(done: boolean, known: View['promises']) {
      promises = known;
      now += 250;
      return standby.take({ kind: 'taken-back', done, view: view() });
    },
    /** It has blocked, and knows what it has. */
    promising(lsn: number) {
      standby.silentFor(2_300);
      return standby.take({ kind: 'blocked', block: KEY, timeline: 1, lsn });
    },
    kinds: () => told.map(({ kind }) => kind),
    effect: <Kind extends Effect['kind']>(kind: Kind) =>
      told.findLast((effect) => effect.kind === kind) as EffectOf<Kind> | undefined,
  };
  standby.reads({}, 'leader a 7, address a 5, patroni a, silent a');
  standby.take(postgres(1));
  if (story !== '') etcd.change(story);
  return standby;
}
