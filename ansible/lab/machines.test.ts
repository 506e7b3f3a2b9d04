import { expect, test } from 'vitest';
import { until } from '../../test/cluster/support/until.ts';
import { underLoad } from './load.ts';
import { beginWithCluster, say } from './story.ts';

// Machines that restart, and one that loses its power, while people chat. Each test goes on where the one before ended.

const { lab, mustPlay, unfelt } = beginWithCluster();

test('all hosts are restarted, one after the other, and no request fails', async () => {
  await unfelt('all hosts restarted', () =>
    mustPlay('upgrade-os.yml', '--extra-vars', 'reboot=always'),
  );
});

test('the site that leads is restarted by hand: it gives lead and address away first, and no request fails', async () => {
  const { leader } = await lab.status();
  const began = () => lab.on(leader, 'stat', '-c', '%Y', '/proc/1');
  const before = await began();
  await unfelt('systemctl reboot at the site that leads', async () => {
    // The machine may be gone before the answer is.
    await lab.on(leader, 'systemctl', 'reboot').catch(() => {});
    await until(`${leader} went down and is back, and another leads`, async () => {
      const { leader: leads, writes, sites } = await lab.status();
      const back = sites.find(({ site }) => site === leader)!;
      return (
        (await began()) !== before &&
        leads !== leader &&
        writes.kind === 'flow' &&
        back.postgres?.state === 'streaming'
      );
    });
  });
});

test('the site that leads loses its power: another serves, and the first one comes back by itself', async () => {
  const { leader } = await lab.status();
  const felt = await underLoad(lab, async () => {
    lab.losePower(leader);
    await until(
      'another site leads and writes flow',
      async () => {
        const status = await lab.status();
        return status.leader !== leader && status.writes.kind === 'flow';
      },
      180_000,
    );
    lab.restorePower(leader);
    await until(
      'the lost site takes part again',
      async () => {
        const { sites } = await lab.status();
        return sites.some(
          ({ site, postgres }) => site === leader && postgres?.state === 'streaming',
        );
      },
      300_000,
    );
  });
  say(`power lost: ${JSON.stringify(felt)}`);
  expect(felt.violations).toEqual([]);
});
