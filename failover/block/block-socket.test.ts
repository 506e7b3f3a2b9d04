import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { Blocking } from '../adapters/blocking/blocking.ts';
import type { Block } from '../core/view.ts';
import { openBlockSocket } from './block-socket.ts';
import { KeptNote } from './kept-note.ts';
import { rulesAgainst } from './rules.ts';

const BLOCK: Block = { holder: 'a', key: 5, lease: '7587893456123' };

test('the agent has a site turned away, is told what the copy has, and lets it in again', async () => {
  const { blocking, ordered } = await start();
  expect(await blocking.put(BLOCK)).toEqual({ timeline: 2, lsn: 70 });
  await blocking.take(BLOCK);
  expect(ordered).toEqual([
    ['put', BLOCK],
    ['take', BLOCK],
  ]);
});

test('what came to nothing comes to it as an error, with the reason', async () => {
  const { blocking, fail } = await start();
  fail('PostgreSQL here is no standby');
  await expect(blocking.put(BLOCK)).rejects.toThrow(
    'what turns a away says: PostgreSQL here is no standby',
  );
});

test('what was noted is read from the disk, also where that program does not run', async () => {
  const { blocking, folder, close } = await start();
  expect(await blocking.noted()).toBeNull();
  await new KeptNote(join(folder, 'block.nft')).write(BLOCK, rulesAgainst('192.0.2.1', [5432]));
  await close();
  expect(await blocking.noted()).toEqual(BLOCK);
  await expect(blocking.put(BLOCK)).rejects.toThrow();
});

test('nobody else may order anything, and what is no block is refused', async () => {
  const { path, ordered } = await start();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const client = new Client('http://block', { socketPath: path });
  onTestFinished(() => client.destroy());
  const status = async (body: string) => {
    const headers = { 'content-type': 'application/json' };
    const asked = { path: '/v1/block', method: 'PUT', headers, body } as const;
    const { statusCode, body: said } = await client.request(asked);
    await said.dump();
    return statusCode;
  };
  expect(await status(JSON.stringify({ ...BLOCK, holder: 'a\ndelete table inet filter' }))).toBe(
    409,
  );
  expect(await status(JSON.stringify({ ...BLOCK, key: 0 }))).toBe(409);
  expect(await status('x'.repeat(10_000))).toBe(409);
  expect(ordered).toEqual([]);
});

async function start() {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'agent'));
  const ordered: [string, Block][] = [];
  let failure: string | null = null;
  const order = async (what: string, block: Block) => {
    if (failure !== null) throw new Error(failure);
    ordered.push([what, block]);
  };
  const socket = await openBlockSocket(folder, {
    put: async (block) => {
      await order('put', block);
      return { timeline: 2, lsn: 70 };
    },
    take: (block) => order('take', block),
  });
  const blocking = new Blocking(folder, join(folder, 'block.nft'));
  let isOpen = true;
  const close = async () => {
    if (isOpen) await socket.close();
    isOpen = false;
  };
  onTestFinished(async () => void (await Promise.all([blocking.close(), close()])));
  const fail = (why: string) => {
    failure = why;
  };
  return { blocking, folder, ordered, path: socket.path, close, fail };
}
