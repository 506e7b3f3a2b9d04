import { setTimeout as sleep } from 'node:timers/promises';
import { driverOf } from '../../../failover/adapters/address/driver.ts';
import { together } from '../../../failover/adapters/address/together.ts';
import { bootTime } from '../../../failover/adapters/clock/boot-time.ts';

// Runs in a site: does with the addresses in its first argument, with commas between them, what the second says,
// and prints how that went and what troubles their drivers.

const [addresses, action, lifeMs = '60000'] = process.argv.slice(2);
const now = bootTime();
const onTrouble = (error: unknown) => console.log(String(error));
const driver = together(
  addresses!
    .split(',')
    .map((address) => driverOf({ driver: 'arp', interface: 'eth0', address }, { now, onTrouble })),
);

switch (action) {
  case 'hold':
    await driver.hold(now() + Number(lifeMs));
    break;
  case 'try':
    await driver.hold(now() + Number(lifeMs));
    driver.close();
    break;
  case 'refuse':
    await driver.refuseNew();
    break;
  case 'drop':
    await driver.drop();
    break;
  case 'outlive':
    await outlive(now() + Number(lifeMs));
    break;
}

async function outlive(until: number): Promise<void> {
  await driver.hold(until).catch((error: unknown) => console.log(String(error)));
  driver.close();
  while (now() < until) await sleep(10);
  console.log((await driver.present()) ? 'outlived its lease' : 'ended in time');
}
