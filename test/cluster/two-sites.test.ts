import { expect, test } from 'vitest';
import { longestOf } from '../support/history/measure.ts';
import { holdersOfAddress } from './support/address.ts';
import { switchover, untilWell } from './support/farol.ts';
import { everyTarget, underLoad } from './support/load.ts';
import { promised } from './support/promise.ts';
import { FRONT_PORT, floating } from './support/site-files.ts';
import { until } from './support/until.ts';
import { useCluster } from './support/use-cluster.ts';

/** With an address of each family, so that all here moves both. */
const cluster = useCluster({ sites: '2+witness', ipv6: true });

test('two sites and a witness: an IPv4 and an IPv6 address are at the active site, and answer', async () => {
  const active = await untilWell(cluster());
  expect((await holdersOfAddress(cluster())).map(({ name }) => name)).toEqual([active.name]);
  await answersAtEach();
});

test('two sites and a witness: a planned switchover under load fails no request', async () => {
  const active = await untilWell(cluster());
  const target = cluster().sites.find((site) => site !== active)!;
  const { measured, violations } = await underLoad(
    cluster(),
    { title: 'two sites, switchover' },
    async (load) => {
      await load.untilFlowing(everyTarget(cluster()));
      load.strike();
      await switchover(active, target);
      await load.untilFlowing(everyTarget(cluster()));
      await answersAtEach();
    },
  );
  expect(violations).toEqual([]);
  expect(measured.failed).toEqual({});
  expect(longestOf(measured)).toBeLessThanOrEqual(promised(2_500));
});

test('two sites and a witness: the active site loses power, and returns', async () => {
  const active = await untilWell(cluster());
  const other = cluster().sites.find((site) => site !== active)!;
  const survived = await underLoad(cluster(), { title: 'two sites, power loss' }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    await active.powerOff();
    await load.untilFlowing([other.name, 'address']);
    await answersAtEach();
    await active.powerOn();
    await load.untilFlowing(everyTarget(cluster()));
  });
  expect(survived.violations).toEqual([]);
  expect(survived.failuresThrough(other.name)).toEqual([]);
  expect(survived.frontsAfterMs).toBeLessThanOrEqual(promised(6_000));
  expect(survived.measured.writesAfterMs).toBeLessThanOrEqual(promised(30_000));
});

/** As a client beside the sites sees it, which asks again: an address that is moving just then answers nobody. */
async function answersAtEach(): Promise<void> {
  const witness = cluster().machines.find((machine) => machine.witness)!;
  for (const address of floating(cluster().plan)) {
    const host = address.includes(':') ? `[${address}]` : address;
    const url = `https://${host}:${FRONT_PORT}/_matrix/client/versions`;
    const asked = ['-sS', '--fail', '-m', '5', '--cacert', '/etc/farol/tls/ca.crt', url];
    await until(`${address} answers`, async () =>
      Object.hasOwn(JSON.parse(await witness.must(['curl', ...asked])) as object, 'versions'),
    );
  }
}
