import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import type { Block } from '../core/view.ts';
import { Blocker } from './blocker.ts';
import type { Look } from './exhausted.ts';
import { KeptNote } from './kept-note.ts';
import { NO_RULES, rulesAgainst } from './rules.ts';

const BLOCK: Block = { holder: 'a', key: 5, lease: '7587893456123' };

test('it is noted before anything is blocked, then whoever received is ended, and the position told', async () => {
  const here = start();
  here.looks = [
    { receivers: [11, 12], received: 90, replayed: 70 },
    { receivers: [12, 40], received: 90, replayed: 90 },
    { receivers: [40], received: 90, replayed: 90, timeline: 3, lsn: 90 },
  ];
  expect(await here.blocker.put(BLOCK)).toEqual({ timeline: 3, lsn: 90 });
  expect(here.did).toEqual(['filter, noted', 'look', 'end 11', 'end 12', 'look', 'look']);
  expect(here.filtered.at(-1)).toBe(RULES);
});

test('it stays blocked, and noted, while not all is replayed', async () => {
  const here = start();
  here.looks = [{ received: 90, replayed: 70 }];
  await expect(here.blocker.put(BLOCK)).rejects.toThrow(
    'not all that was received is replayed yet',
  );
  here.looks = [{ received: 90, replayed: 90 }];
  expect(await here.blocker.put(BLOCK)).toEqual({ timeline: 1, lsn: 70 });
  expect(await here.note.read()).toEqual(BLOCK);
});

test('a primary has nothing to promise', async () => {
  const here = start();
  here.looks = [{ inRecovery: false }];
  await expect(here.blocker.put(BLOCK)).rejects.toThrow('PostgreSQL here is no standby');
});

test('where nft or the disk fails nothing is promised, and a second time all is done again', async () => {
  const here = start();
  here.failing = new Error('nft does not run');
  await expect(here.blocker.put(BLOCK)).rejects.toThrow('nft does not run');
  here.failing = null;
  expect(await here.blocker.put(BLOCK)).toEqual({ timeline: 1, lsn: 70 });
  expect(here.did.filter((what) => what === 'filter, noted')).toHaveLength(1);
});

test('of a site that its configuration does not know it turns nobody away', async () => {
  const here = start();
  await expect(here.blocker.put({ ...BLOCK, holder: 'x' })).rejects.toThrow('no site x is in its');
  expect([here.filtered, await here.note.read()]).toEqual([[], null]);
});

test('one block stands at a time, and goes only by its own name', async () => {
  const here = start();
  await here.blocker.put(BLOCK);
  const other = { ...BLOCK, key: 6 };
  await expect(here.blocker.put(other)).rejects.toThrow('another block stands: of a');
  await expect(here.blocker.take(other)).rejects.toThrow('another block stands: of a');
  expect(await here.note.read()).toEqual(BLOCK);
  await here.blocker.take(BLOCK);
  expect([here.filtered.at(-1), await here.note.read()]).toEqual([NO_RULES, null]);
  await here.blocker.take(BLOCK);
});

test('the rules go before the note does: one that is cut off in between is taken back by the next agent', async () => {
  const here = start();
  await here.blocker.put(BLOCK);
  here.failing = new Error('nft does not run');
  await expect(here.blocker.take(BLOCK)).rejects.toThrow('nft does not run');
  expect(await here.note.read()).toEqual(BLOCK);
  here.failing = null;
  here.did.length = 0;
  await here.blocker.take(BLOCK);
  expect(here.did).toEqual(['filter, noted']);
});

test('what is taken back while it is waited for is not told as blocked', async () => {
  const here = start(temporaryFolder(), AT_REST);
  here.looks = [{ received: 90, replayed: 70 }];
  const put = here.blocker.put(BLOCK);
  put.catch(() => undefined);
  await expect.poll(() => here.did.includes('look')).toBe(true);
  await here.blocker.take(BLOCK);
  here.looks = [{ received: 90, replayed: 90 }];
  await expect(put).rejects.toThrow('it has been taken back');
});

test('what was taken back and asked for anew meanwhile tells no position from before: somebody may have received in between', async () => {
  const here = start(temporaryFolder(), AT_REST);
  here.looks = [{ received: 90, replayed: 70 }];
  const before = here.blocker.put(BLOCK);
  before.catch(() => undefined);
  await expect.poll(() => here.did.includes('look')).toBe(true);
  await here.blocker.take(BLOCK);
  const anew = here.blocker.put(BLOCK);
  await expect.poll(() => here.note.read()).toEqual(BLOCK);
  here.looks = [{ received: 95, replayed: 95, lsn: 95 }];
  await expect(before).rejects.toThrow('it has been taken back');
  expect(await anew).toEqual({ timeline: 1, lsn: 95 });
});

test('at its start what is noted is in force again, by the rules in the note; and nothing where nothing is', async () => {
  const here = start();
  expect(await here.blocker.begin()).toBeNull();
  expect(here.filtered).toEqual([NO_RULES]);
  await here.blocker.keep();
  expect(here.filtered).toHaveLength(1);
  await here.blocker.put(BLOCK);
  const next = start(here.folder);
  expect(await next.blocker.begin()).toEqual(BLOCK);
  expect(next.filtered).toEqual([readFileSync(here.note.path, 'utf8')]);
  expect(next.filtered[0]).toContain(RULES);
  await next.blocker.keep();
  expect(next.filtered).toHaveLength(2);
});

test('a note that nobody can read lets nothing begin', async () => {
  const here = start();
  writeFileSync(here.note.path, 'table inet farol_block { }\n');
  await expect(here.blocker.begin()).rejects.toThrow('does not say what is turned away');
  await expect(here.blocker.put(BLOCK)).rejects.toThrow('does not say what is turned away');
  expect(existsSync(here.note.path)).toBe(true);
});

const RULES = rulesAgainst('192.0.2.1', [5432, 8010]);

/** However slow the machine is. */
const AT_REST = () => 0;

function start(folder = temporaryFolder(), now = () => performance.now()) {
  const note = new KeptNote(join(folder, 'block.nft'));
  const did: string[] = [];
  const filtered: string[] = [];
  const here = {
    ...{ folder, note, did, filtered },
    failing: null as Error | null,
    /** The last one again and again. */
    looks: [{}] as Partial<Look>[],
  };
  const blocker = new Blocker({
    note,
    rulesFor: (site) => (site === 'a' ? RULES : null),
    filter: async (script) => {
      if (here.failing !== null) throw here.failing;
      did.push(`filter, ${existsSync(note.path) ? 'noted' : 'not noted'}`);
      filtered.push(script);
    },
    look: async () => {
      did.push('look');
      const next = here.looks.length > 1 ? here.looks.shift() : here.looks[0];
      return { ...SILENT, atMs: performance.now(), ...next };
    },
    end: (pid) => did.push(`end ${pid}`),
    now,
  });
  return Object.assign(here, { blocker });
}

const SILENT: Look = {
  ...{ atMs: 0, inRecovery: true, receivers: [], received: 70, replayed: 70 },
  ...{ waits: null, retryMs: 500, timeline: 1, lsn: 70 },
};
