import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Standing } from '../core/election/votes.ts';
import { NAMES, Store } from '../core/simulation/store.ts';
import { standingIn, standingsOf } from './standings.ts';

test('the word of the others is taken as soon as it is enough: who has lost its power answers never', async () => {
  const store = new Store();
  await patroni(store, 'a', () => {});
  await patroni(store, 'b', (_, answer) => answer.end(JSON.stringify(HEALTH)));
  const known = await ask(store, ({ length }) => length > 0);
  expect(known).toEqual([{ site: 'b', timeline: 3, lsn: 90 }]);
});

test('who is not in etcd, or answers what nobody can read, has said nothing', async () => {
  const store = new Store();
  await patroni(store, 'b', (_, answer) => answer.end('<html>'));
  expect(await ask(store, () => false)).toEqual([]);
});

test('of a PostgreSQL that does not run the position is not known', () => {
  const xlog = { received_location: 70, replayed_location: 90 };
  expect(standingIn('b', { state: 'running', timeline: 3, xlog })).toEqual({
    site: 'b',
    timeline: 3,
    lsn: 90,
  });
  expect(standingIn('b', { state: 'running', xlog: { location: 5 } }).lsn).toBe(5);
  expect(standingIn('b', { state: 'starting', xlog })).toEqual({
    site: 'b',
    timeline: null,
    lsn: 0,
  });
});

const XLOG = { received_location: 70, replayed_location: 90 };
const HEALTH = { state: 'running', timeline: 3, xlog: XLOG };

const ask = (store: Store, isEnough: (known: readonly Standing[]) => boolean) =>
  standingsOf(['a', 'b'], isEnough, {
    names: NAMES,
    etcd: { read: async (...keys) => keys.map((key) => store.get(key)) },
    pem: undefined,
    answersWithinMs: 600_000,
  });

/** A site's Patroni, and its key in etcd. */
async function patroni(store: Store, site: string, answers: RequestListener): Promise<void> {
  const server = createServer(answers).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  store.put(NAMES.patroniMember(site), {
    api_url: `http://127.0.0.1:${port}/patroni`,
    conn_url: 'postgres://127.0.0.1:5432/postgres',
  });
}
