import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { certificateAuthority } from '../../../test/support/certificates.ts';
import { startUpsd, UPSD_IS_HERE, type Variables } from '../../../test/support/upsd.ts';
import { readPower, type Told } from './nut.ts';

// What Debian's nut-server says, with NUT's own dummy of a driver.
const served = test.skipIf(!UPSD_IS_HERE);
/** NSS has its keys in a database, which these programs fill. */
const secured = test.skipIf(!UPSD_IS_HERE || spawnSync('certutil', ['-H']).error !== undefined);
/** The driver looks once a second, and upsd takes a driver for hung after three (MAXAGE). */
vi.setConfig({ testTimeout: 60_000 });
const SOON = { timeout: 30_000, interval: 100 };

const MAINS = { 'ups.status': 'OL CHRG', 'battery.charge': 100 };

served('mains, battery, its end and the mains again are seen as upsd tells them', async () => {
  await using nut = await startUpsd({ ups1: MAINS });
  const becomes = (told: Told) =>
    vi.waitFor(async () => expect(await readPower([nut.ups('ups1')], 'all')).toEqual(told), SOON);
  const says = (variables: Variables) => nut.says('ups1', variables);
  await becomes({ power: 'mains', battery: { charge: 1, leftMs: null } });
  says({
    ...{ 'ups.status': 'OB DISCHRG', 'battery.charge': 80 },
    ...{ 'battery.runtime': 720, 'battery.runtime.low': 120 },
  });
  await becomes({ power: 'battery', battery: { charge: 0.8, leftMs: 600_000 } });
  says({ 'ups.status': 'OB LB', 'battery.charge': 9, 'battery.runtime': 110 });
  await becomes({ power: 'low', battery: { charge: 0.09, leftMs: expect.any(Number) } });
  says({ 'ups.status': 'OL CHRG', 'battery.charge': 12 });
  await becomes({ power: 'mains', battery: { charge: 0.12, leftMs: null } });
});

served('nonsense that a UPS says of its battery is not known', async () => {
  const odd = { 'ups.status': 'OB', 'battery.charge': 'plenty', 'battery.runtime': -1 };
  await using nut = await startUpsd({ ups1: odd });
  await vi.waitFor(
    async () =>
      expect(await readPower([nut.ups('ups1')], 'all')).toEqual({
        power: 'battery',
        battery: { charge: null, leftMs: null },
      }),
    SOON,
  );
});

served('a site with two of them needs both, or one is enough', async () => {
  await using nut = await startUpsd({ ups1: MAINS, ups2: { 'ups.status': 'OB' } });
  const upses = [nut.ups('ups1'), nut.ups('ups2')];
  await vi.waitFor(async () => {
    expect((await readPower(upses, 'all')).power).toBe('battery');
    expect((await readPower(upses, 'one')).power).toBe('mains');
  }, SOON);
});

served(
  'a driver that hangs, one that has ended, and an upsd that has are all not known',
  async () => {
    await using nut = await startUpsd({ ups1: MAINS, ups2: MAINS });
    const becomes = (name: string, power: string) =>
      vi.waitFor(
        async () => expect((await readPower([nut.ups(name)], 'all')).power).toBe(power),
        SOON,
      );
    await becomes('ups1', 'mains');
    await becomes('ups2', 'mains');
    nut.driver('ups1').kill('SIGSTOP');
    await becomes('ups1', 'unknown');
    nut.driver('ups1').kill('SIGCONT');
    await becomes('ups1', 'mains');
    nut.driver('ups2').kill('SIGKILL');
    await becomes('ups2', 'unknown');
    await becomes('ups1', 'mains');
    nut.upsd.kill('SIGKILL');
    await becomes('ups1', 'unknown');
  },
);

served('a UPS that upsd does not have is not known', async () => {
  await using nut = await startUpsd({ ups1: MAINS });
  expect((await readPower([nut.ups('other')], 'all')).power).toBe('unknown');
});

secured(
  'over TLS it is asked as the host that its certificate names, and by nobody else’s authority',
  async () => {
    const authority = await certificateAuthority();
    const issued = await authority.issue('upsd', { ip: ['127.0.0.1'] });
    await using nut = await startUpsd({ ups1: MAINS }, { shows: { ...issued, ca: authority.ca } });
    const plain = nut.ups('ups1');
    const powerWith = async (special: object) =>
      (await readPower([{ ...plain, ...special }], 'all')).power;
    await vi.waitFor(async () => expect(await powerWith({})).toBe('mains'), SOON);
    await vi.waitFor(async () => expect(await powerWith({ ca: authority.ca })).toBe('mains'), SOON);
    expect(await powerWith({ ca: (await certificateAuthority()).ca })).toBe('unknown');
    expect(await powerWith({ ca: authority.ca, host: 'localhost' })).toBe('unknown');
  },
);

served('one that has no TLS is not asked in the clear where TLS is wanted', async () => {
  const { ca } = await certificateAuthority();
  await using nut = await startUpsd({ ups1: MAINS });
  await vi.waitFor(
    async () => expect((await readPower([nut.ups('ups1')], 'all')).power).toBe('mains'),
    SOON,
  );
  expect((await readPower([{ ...nut.ups('ups1'), ca }], 'all')).power).toBe('unknown');
});

served(
  'it is told a user and his password, as they are in their file, before it is asked',
  async () => {
    await using nut = await startUpsd({ ups1: MAINS }, { users: { farol: 'sesame' } });
    const passwordFile = join((await certificateAuthority()).folder, 'password');
    writeFileSync(passwordFile, 'sesame\n');
    const ups = { ...nut.ups('ups1'), login: { user: 'farol', passwordFile } };
    const power = async (of = ups) => (await readPower([of], 'all')).power;
    await vi.waitFor(async () => expect(await power()).toBe('mains'), SOON);
    const nowhere = { ...ups, login: { ...ups.login, passwordFile: `${passwordFile}.gone` } };
    expect(await power(nowhere)).toBe('unknown');
  },
);
