import { expect, test } from 'vitest';
import type { ServerName } from '../../protocol/identifiers.ts';
import { Discovery } from './discovery.ts';
import { srvBy } from './srv.ts';

const failing = (code: string) =>
  srvBy({ resolveSrv: () => Promise.reject(Object.assign(new Error(code), { code })) });

test.each(['ENOTFOUND', 'ENODATA'])('%s says that there is no record', async (code) => {
  expect(await failing(code)('_matrix._tcp.a.org')).toEqual([]);
});

test.each(['ESERVFAIL', 'ETIMEOUT'])('%s does not say that there is no record', async (code) => {
  await expect(failing(code)('_matrix._tcp.a.org')).rejects.toThrow(code);
});

test('the way to a server goes on where no name server answers for its SRV records', async () => {
  const ports = {
    wellKnown: { of: async () => undefined } as never,
    now: () => 1,
    random: () => 0,
  };
  const discovery = new Discovery(new Map(), { ...ports, srv: failing('ESERVFAIL') });
  const { targets } = await discovery.wayTo('a.org' as ServerName);
  expect(targets).toEqual([{ host: 'a.org', port: 8448 }]);
});
