import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { NAMES, Store } from '../core/simulation/store.ts';
import { soundElsewhere } from './sound-elsewhere.ts';

// Asked at b, whose copy is damaged.

test('a copy that is sound and has as much is elsewhere, be it a standby’s or that of who led before and is back', async () => {
  expect(await asked({ sync: { leader: 'a', sync_standby: 'b,c' } })).toBe('c');
  expect(await asked({ sync: { leader: 'c', sync_standby: 'b' } })).toBe('c');
});

test('one that is damaged, too, that has less, or that no longer counts is not', async () => {
  const sync = { leader: 'a', sync_standby: 'b,c' };
  expect(await asked({ sync, report: { copyDamage: 'page 7 of base/5/1' } })).toBeNull();
  expect(await asked({ sync, location: 89 })).toBeNull();
  expect(await asked({ sync: { leader: 'a', sync_standby: 'b' } })).toBeNull();
});

test('one that was started anew and still replays is waited for: it may have as much', async () => {
  const sync = { leader: 'a', sync_standby: 'b,c' };
  const replayed = [70, 80, 90];
  expect(await asked({ sync, replayed })).toBe('c');
  expect(replayed).toEqual([90]);
  expect(await asked({ sync, replayed: [70, 80] })).toBeNull();
});

test('one of which an answer is lost while it replays is waited for as well', async () => {
  const sync = { leader: 'a', sync_standby: 'b,c' };
  expect(await asked({ sync, replayed: [70, LOST, 90] })).toBe('c');
});

/** The connection breaks. */
const LOST = -1;

interface Case {
  readonly sync: object;
  readonly report?: object;
  readonly location?: number;
  /** At each question, by one that was started anew; then it stands still. */
  readonly replayed?: number[];
}

/** What is known of c. */
async function asked({ sync, report = {}, location = 90, replayed }: Case): Promise<string | null> {
  const xlog = () => {
    if (replayed === undefined) return { location };
    const [next] = replayed.length > 1 ? replayed.splice(0, 1) : replayed;
    return { received_location: null, replayed_location: next };
  };
  const health = () => JSON.stringify({ state: 'running', timeline: 3, xlog: xlog() });
  const server = createServer((request, answer) => {
    if (replayed?.[0] !== LOST) return void answer.end(health());
    replayed.shift();
    request.socket.destroy();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const store = new Store();
  store.put(NAMES.patroniSync, sync);
  store.put(`${NAMES.sites}c`, report);
  store.put(NAMES.patroniMember('c'), {
    api_url: `http://127.0.0.1:${port}/patroni`,
    conn_url: 'postgres://127.0.0.1:5432/postgres',
  });
  const etcd = { read: async (...keys: readonly string[]) => keys.map((key) => store.get(key)) };
  const copy = async () => ({ chain: [1, 2, 3], received: null, next: 4, replays: false, lsn: 90 });
  return soundElsewhere('b', copy, { names: NAMES, etcd, pem: undefined });
}
