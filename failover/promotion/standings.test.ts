import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { Told } from '../core/election/settled.ts';
import { NAMES, Store } from '../core/simulation/store.ts';
import { standingIn, standingsOf } from './standings.ts';

/** As Patroni 4.0.7 tells it, with what is no position. */
const XLOG = {
  ...{ received_location: 95, replayed_location: 90 },
  ...{ replayed_timestamp: '2026-11-27 18:52:18.262440+00:00', paused: false },
};
const HEALTH = { state: 'running', timeline: 3, xlog: XLOG };

test('the word of the others is taken as soon as it is enough: who has lost its power answers never', async () => {
  const store = new Store();
  await patroni(store, 'a', () => {});
  await patroni(store, 'b', (_, answer) => answer.end(JSON.stringify(HEALTH)));
  const known = await ask(store, ({ length }) => length > 0);
  expect(known).toEqual([{ site: 'b', timeline: 3, lsn: 95, mayHaveMore: false }]);
});

test('who is not in etcd, or answers what nobody can read, has said nothing', async () => {
  const store = new Store();
  await patroni(store, 'b', (_, answer) => answer.end('<html>'));
  expect(await ask(store, () => false)).toEqual([]);
});

test('of a PostgreSQL that does not run the position is not known', () => {
  expect(standingIn('b', { ...HEALTH, state: 'starting' })).toEqual({
    ...{ site: 'b', timeline: 3 },
    ...{ lsn: 0, mayHaveMore: false },
  });
});

test.for([
  ['a primary', { location: 5 }, 5, false],
  ['a standby that received more than it replayed', XLOG, 95, false],
  ['one that replayed all that it received', { ...XLOG, replayed_location: 95 }, 95, false],
  [
    'one that was started anew, and says that it received nothing',
    { replayed_location: 90 },
    90,
    true,
  ],
  [
    'one whose Patroni says so by null',
    { received_location: null, replayed_location: 90 },
    90,
    true,
  ],
  [
    'one that was started anew, and replayed more than it says it received',
    { ...XLOG, replayed_location: 96 },
    96,
    true,
  ],
  // As 17.12 does behind a start, where nobody sends anything.
  [
    'one that says the beginning of a segment',
    { received_location: 0x5000000, replayed_location: 0x4ffff00 },
    0x5000000,
    true,
  ],
] as const)('%s tells where it is, or that it may have more', ([, xlog, lsn, mayHaveMore]) => {
  expect(standingIn('b', { state: 'running', timeline: 3, xlog })).toEqual({
    ...{ site: 'b', timeline: 3 },
    ...{ lsn, mayHaveMore },
  });
});

const ask = (store: Store, isEnough: (known: readonly Told[]) => boolean) =>
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
