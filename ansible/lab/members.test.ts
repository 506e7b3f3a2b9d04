import { expect, test } from 'vitest';
import { until } from '../../test/cluster/support/until.ts';
import { beginWithCluster, changesOf } from './story.ts';

// Machines that go and come while people chat. Each test goes on where the one before ended.

const { lab, names, play, playWith, mustPlay, unfelt } = beginWithCluster();

test('a site becomes the witness of the other two, and a site again, and no request fails', async () => {
  const { leader } = await lab.status();
  const settings = async () => {
    const asked = 'curl -s --cacert $T/ca.crt --cert $T/site.crt --key $T/site.key $U/config';
    const host = names.find((name) => name !== leader)!;
    const url = `https://${lab.ipOf(host)}:8010`;
    const told = await lab.on(host, 'sh', '-c', `T=/etc/farol/tls U=${url}; ${asked}`);
    const { synchronous_mode: mode, synchronous_mode_strict: strict } = JSON.parse(told);
    return { mode, strict };
  };
  await unfelt('a site less, and one more', async () => {
    const inventory = lab.withWitness(leader);
    const mistaken = await playWith(inventory, 'site.yml');
    expect(mistaken.said).toContain(`remove-site.yml -e site=${leader}`);
    const removed = await playWith(inventory, 'remove-site.yml', '-e', `site=${leader}`);
    expect(removed.said).not.toContain('fatal:');
    expect((await lab.status()).sites.find(({ site }) => site === leader)!.postgres).toBeNull();
    expect(await settings()).toEqual({ mode: true, strict: false });
    await mustPlay('add-site.yml', '-e', `site=${leader}`);
    expect(await settings()).toEqual({ mode: 'quorum', strict: true });
  });
  expect(changesOf(await play('site.yml'))[leader]).toBe(0);
});

test('a new machine takes the place of a lost one, and no request fails', async () => {
  const { leader } = await lab.status();
  const lost = names.find((name) => name !== leader)!;
  lab.losePower(lost);
  const silentMs = async () =>
    (await lab.status()).sites.find(({ site }) => site === lost)?.silentMs ?? 0;
  await until(`${lost} was long not heard`, async () => (await silentMs()) > 60_000, 180_000);
  lab.replace(lost);
  const refused = await play('site.yml');
  expect(refused.said).toContain(`replace-site.yml -e site=${lost}`);
  await unfelt(`replaced ${lost}`, () =>
    mustPlay('replace-site.yml', '--extra-vars', `site=${lost}`),
  );
  expect(changesOf(await play('site.yml'))[lost]).toBe(0);
});
