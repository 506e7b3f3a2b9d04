import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import type { AloneOrder } from '../core/alone-order.ts';
import { followOrder } from './alone.ts';
import { type Ground, goAlone } from './go-alone.ts';
import type { Members } from './members-in.ts';
import { reasonNotWhole } from './whole.ts';

const ORDER: AloneOrder = {
  ...{ id: '77', boot: 'this', untilS: 100, doors: ['h:2379'], compare: [], put: [] },
  seen: { clusterId: '1', memberId: '2', revision: 9, voters: ['2', '10'] },
};

test('an order is good until it is taken: what is done upon it may take longer than it is good for', async () => {
  const slow = groundWith({ copy: setting({ uptimeS: 1_000 }) });
  expect(await goAlone(ORDER, slow.ground)).toEqual({ kind: 'done' });
  expect(slow.done).toEqual(['copy', 'start', 'end', 'settle', 'decide', 'swap']);
  const late = groundWith({});
  late.at.uptimeS = 101;
  expect(await goAlone(ORDER, late.ground)).toMatchObject({ kind: 'refused' });
  expect(late.done).toEqual([]);
});

test.each<[string, Members, RegExp]>([
  ['only listens', { self: '2', voters: ['10'], learners: ['2'] }, /only listens/],
  ['was removed', { self: '2', voters: ['10'], learners: [] }, /was removed/],
  ['is alone', { self: '2', voters: ['2'], learners: [] }, /has 0 other members/],
  ['is one of three', { self: '2', voters: ['10', '2', '3'], learners: [] }, /has 2 other members/],
  [
    'has a listener beside it',
    { self: '2', voters: ['10', '2'], learners: ['3'] },
    /that only listens/,
  ],
  [
    'is of others than was shown',
    { self: '2', voters: ['11', '2'], learners: [] },
    /of other members/,
  ],
])('a member that %s is not started even on a copy', async (_, members, why) => {
  const { ground, done } = groundWith({ members });
  expect(await goAlone(ORDER, ground)).toEqual({
    kind: 'refused',
    why: expect.stringMatching(why),
  });
  expect(done).toEqual(['copy', 'forget']);
});

test('whoever can be reached by the time that all is prepared is no loss, and nothing is decided', async () => {
  const { ground, done } = groundWith({ settle: setting({ reached: ['h:2379'] }) });
  expect(await goAlone(ORDER, ground)).toMatchObject({ kind: 'refused' });
  expect(done).toEqual(['copy', 'start', 'end', 'settle', 'forget']);
});

test('before it is decided whatever fails leaves nothing behind; from then on nothing is called refused', async () => {
  for (const step of ['copy', 'start', 'end', 'settle', 'decide'] as const) {
    const { ground, done } = groundWith({ [step]: fails });
    expect(await goAlone(ORDER, ground)).toMatchObject({ kind: 'refused' });
    expect(done.at(-1)).toBe('forget');
  }
  const marked = groundWith({
    decide: async (at) => {
      at.isDecided = true;
      throw new Error('EIO');
    },
  });
  expect(await goAlone(ORDER, marked.ground)).toEqual({ kind: 'done' });
  const stuck = groundWith({ swap: fails });
  expect(await goAlone(ORDER, stuck.ground)).toEqual({
    kind: 'decided',
    why: expect.stringContaining('EIO'),
  });
  const swapped = groundWith({
    swap: async (at) => {
      at.isDecided = false;
      throw new Error('EIO');
    },
  });
  expect(await goAlone(ORDER, swapped.ground)).toEqual({ kind: 'done' });
  for (const { done } of [marked, stuck, swapped]) expect(done).not.toContain('forget');
});

test('what was decided and cannot be put in its place yet is told as that, with its order, until it is done; etcd does not start before', async () => {
  const folder = temporaryFolder();
  const dataDir = join(folder, 'data');
  const copy = `${dataDir}.promoting`;
  mkdirSync(join(copy, 'member'), { recursive: true });
  writeFileSync(join(copy, 'decided'), '77');
  const place = { order: join(folder, 'alone.order'), dataDir, tls: undefined, etcd: 'none' };
  const told = () => JSON.parse(readFileSync(join(folder, 'alone.json'), 'utf8'));
  // Its folder is not there, as on a disk that is not mounted yet.
  expect(await followOrder(place)).toBe(false);
  expect(told()).toMatchObject({
    id: '77',
    kind: 'decided',
    why: expect.stringContaining('ENOENT'),
  });
  expect(existsSync(join(copy, 'decided'))).toBe(true);
  mkdirSync(dataDir);
  expect(await followOrder(place)).toBe(true);
  expect(told()).toEqual({ id: '77', kind: 'done', why: null });
  expect([existsSync(copy), existsSync(join(dataDir, 'member'))]).toEqual([false, true]);
});

test('data of which a part is a link, or lies elsewhere, are not exchanged', async () => {
  const data = join(temporaryFolder(), 'data');
  for (const each of ['member/wal', 'member/snap', 'elsewhere'])
    mkdirSync(join(data, each), { recursive: true });
  expect(await reasonNotWhole(data)).toBeNull();
  for (const part of ['member/wal', 'member/snap']) {
    rmSync(join(data, part), { recursive: true });
    symlinkSync(join(data, 'elsewhere'), join(data, part));
    expect(await reasonNotWhole(data)).toBe(`${join(data, part)} is a link`);
    rmSync(join(data, part));
    mkdirSync(join(data, part));
  }
  symlinkSync('/dev/null', join(data, 'member/snap/db'));
  expect(await reasonNotWhole(data)).toBe(
    `${join(data, 'member/snap/db')} is neither a file nor a folder`,
  );
  const link = join(dirname(data), 'link');
  symlinkSync(data, link);
  expect(await reasonNotWhole(link)).toBe(`${link} is a link`);
  expect(await reasonNotWhole('/dev/shm')).toBe('/dev/shm is on another device than /dev');
});

interface At {
  uptimeS: number;
  reached: string[];
  isDecided: boolean;
}

type Step = (at: At) => Promise<void>;

interface Case {
  readonly members?: Members;
  readonly copy?: Step;
  readonly start?: Step;
  readonly end?: Step;
  readonly settle?: Step;
  readonly decide?: Step;
  readonly swap?: Step;
}

const setting =
  (then: Partial<At>): Step =>
  async (at) => {
    Object.assign(at, then);
  };

const fails = async (): Promise<void> => {
  throw new Error('EIO');
};

/** What is done to it, in its order. */
function groundWith(otherwise: Case) {
  const { members = { self: '2', voters: ['10', '2'], learners: [] }, ...steps } = otherwise;
  const at: At = { uptimeS: 10, reached: [], isDecided: false };
  const done: string[] = [];
  const does = async (step: keyof typeof steps, otherwise: Step = async () => undefined) => {
    done.push(step);
    await (steps[step] ?? otherwise)(at);
  };
  const ground: Ground = {
    ...{ boot: 'this', uptimeS: () => at.uptimeS, reasonUnfit: async () => null },
    reached: async () => at.reached,
    copy: () => does('copy'),
    members: async () => members,
    startOnCopy: async () => {
      await does('start');
      return {
        own: async () => ({ clusterId: '1', memberId: '2', revision: 9 }),
        read: async () => [],
        write: async () => true,
        end: () => does('end'),
      };
    },
    settle: () => does('settle'),
    decide: () => does('decide', setting({ isDecided: true })),
    isDecided: () => at.isDecided,
    swap: () => does('swap', setting({ isDecided: false })),
    forget: async () => void done.push('forget'),
  };
  return { ground, done, at };
}
