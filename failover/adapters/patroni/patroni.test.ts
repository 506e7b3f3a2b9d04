import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { Patroni, reportFrom } from './patroni.ts';

test('that PostgreSQL starts is known, though Patroni keeps /patroni waiting for it', async () => {
  const patroni = await patroniThat({ state: 'starting', role: 'replica' });
  expect(await patroni.report()).toMatchObject({ role: 'standby', state: 'starting' });
});

test('what Patroni does not know of its PostgreSQL is not known', async () => {
  const patroni = await patroniThat({ state: 'unknown', role: 'primary' });
  await expect(patroni.report()).rejects.toThrow('could not ask its PostgreSQL');
});

test('a primary is told by its role, with the position it has written', () => {
  const told = { state: 'running', role: 'primary', timeline: 3, xlog: { location: 67108864 } };
  expect(reportFrom(told)).toEqual({
    role: 'primary',
    state: 'running',
    timeline: 3,
    lsn: '67108864',
  });
});

test('a standby is as well as its replication, with the position it has received', () => {
  const told = {
    state: 'running',
    role: 'replica',
    timeline: 3,
    replication_state: 'streaming',
    xlog: { received_location: 5, replayed_location: 4 },
  };
  expect(reportFrom(told)).toEqual({ role: 'standby', state: 'streaming', timeline: 3, lsn: '5' });
});

test('one that was started anew, and receives nothing, has what it has replayed', () => {
  const xlog = { received_location: 83886080, replayed_location: 85629832 };
  expect(reportFrom({ state: 'running', role: 'replica', timeline: 1, xlog }).lsn).toBe('85629832');
});

test('a PostgreSQL that is starting has neither timeline nor position', () => {
  expect(reportFrom({ state: 'starting', role: 'replica' })).toEqual({
    role: 'standby',
    state: 'starting',
    timeline: null,
    lsn: null,
  });
});

test.each([
  ['nothing', null, [{}]],
  ['a rewind that hangs', 'running pg_rewind from a', [{}, { force: true }]],
  // PostgreSQL may be stopping for it still: ended then, Patroni removes the copy, and makes none.
  ['another such clone', 'reinitialize', [{}]],
])(
  'where %s is under way a clone is asked for so that it ends no other',
  async (_, action, orders) => {
    const asked: object[] = [];
    const patroni = await patroniWhere(async (_url, order) => {
      asked.push(order);
      const isRefused = action !== null && !('force' in order);
      return isRefused ? [503, `${action} already in progress`] : [200, 'reinitialize started'];
    });
    await patroni.reinitialize();
    expect(asked).toEqual(orders);
  },
);

test('a clone that is refused is none', async () => {
  const patroni = await patroniWhere(async () => [503, 'I am the leader, can not reinitialize']);
  await expect(patroni.reinitialize()).rejects.toThrow('I am the leader');
});

const patroniThat = (said: object): Promise<Patroni> =>
  patroniWhere(async (url) => (url === '/health' ? [503, JSON.stringify(said)] : [404, '']));

async function patroniWhere(
  answer: (url: string, order: object) => Promise<[status: number, said: string]>,
): Promise<Patroni> {
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const [status, said] = await answer(request.url!, body === '' ? {} : JSON.parse(body));
    response.writeHead(status).end(said);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const patroni = new Patroni(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(async () => {
    await patroni.close();
    server.closeAllConnections();
    server.close();
  });
  return patroni;
}

test('that a promotion heeds leave is known by a tag of Patroni’s configuration, and by nothing else', () => {
  const told = { state: 'running', role: 'replica' };
  expect(reportFrom({ ...told, tags: { farol_heeds_leave: true } })).toHaveProperty('heedsLeave');
  for (const tags of [undefined, {}, { nosync: true }, { farol_heeds_leave: 'true' }])
    expect(reportFrom({ ...told, tags })).not.toHaveProperty('heedsLeave');
});
