import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openControlSocket } from '../../server/role/control-socket.ts';
import { adminOrders, limitOf, shownOrders } from './audit.ts';

const entries = [
  {
    ...{ auditNid: 2, atMs: 1_800_000_060_000, by: '@root:x', action: 'adminSetRoomBlock' },
    ...{ target: '!a:x', detail: '{"block":true}' },
  },
  {
    ...{ auditNid: 1, atMs: 1_800_000_000_000, by: 'shared secret', action: 'adminRegister' },
    ...{ target: '@root:x', detail: '{}' },
  },
];

test('what was ordered is read from the server of this site, a line an order', async () => {
  const { runtimeDir, asked } = await site(async () => entries);
  const orders = await adminOrders(runtimeDir, 7);
  expect(asked).toEqual([7]);
  expect(orders[0]).toEqual({
    ...{ at_ts: 1_800_000_060_000, by: '@root:x', action: 'adminSetRoomBlock' },
    ...{ target: '!a:x', detail: { block: true } },
  });
  expect(shownOrders(orders)).toBe(
    [
      '2027-01-15T08:01:00.000Z  @root:x  adminSetRoomBlock  !a:x  {"block":true}',
      '2027-01-15T08:00:00.000Z  shared secret  adminRegister  @root:x',
    ].join('\n'),
  );
  expect(shownOrders([])).toBe('No administrator has ordered anything.');
});

test('where the database does not answer that is said, and where no server is there too', async () => {
  const { runtimeDir } = await site(() => Promise.reject(new Error('it is starting up')));
  await expect(adminOrders(runtimeDir, 7)).rejects.toThrow(
    'the server of this site could not read them: it is starting up',
  );
  const nowhere = mkdtempSync(join(tmpdir(), 'farol-audit-'));
  onTestFinished(() => rmSync(nowhere, { recursive: true }));
  await expect(adminOrders(nowhere, 7)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('how many are listed is a number', () => {
  expect([limitOf(undefined), limitOf('3')]).toEqual([50, 3]);
  for (const text of ['0', 'all', '1.5', '']) expect(() => limitOf(text)).toThrow('--limit');
});

async function site(audit: () => Promise<typeof entries>) {
  const runtimeDir = mkdtempSync(join(tmpdir(), 'farol-audit-'));
  onTestFinished(() => rmSync(runtimeDir, { recursive: true }));
  const asked: number[] = [];
  const nothing = () => Promise.reject(new Error('not asked for'));
  mkdirSync(join(runtimeDir, 'server'));
  const socket = await openControlSocket(join(runtimeDir, 'server'), {
    ...{ health: nothing, metrics: nothing, assign() {} },
    audit(limit) {
      asked.push(limit);
      return audit();
    },
  });
  onTestFinished(() => socket.close());
  return { runtimeDir, asked };
}
