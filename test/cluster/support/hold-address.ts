import { setTimeout as sleep } from 'node:timers/promises';
import { type AddressConfig, driverOf } from '../../../failover/adapters/address/driver.ts';
import { together } from '../../../failover/adapters/address/together.ts';
import { bootTime } from '../../../failover/adapters/clock/boot-time.ts';

// Runs in a site: does with the addresses in its first argument, with commas between them or as the configuration has
// one, what the second says, under the claim of the fourth, and prints how that went and what troubles their drivers.

const [addresses = '', action, lifeMs = '60000', claim = 'e7c/1'] = process.argv.slice(2);
const [clusterId = '', revision] = claim.split('/');
const term = { clusterId, revision: Number(revision) };
const now = bootTime();
const onTrouble = (error: unknown) => console.log(String(error));
const configs: AddressConfig[] = addresses.startsWith('{')
  ? [JSON.parse(addresses)]
  : addresses.split(',').map((address) => ({ driver: 'arp', interface: 'eth0', address }));
const driver = together(configs.map((config) => driverOf(config, { now, onTrouble })));

switch (action) {
  case 'hold':
    await driver.hold(now() + Number(lifeMs), term);
    break;
  case 'try':
    await driver.hold(now() + Number(lifeMs), term);
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
  await driver.hold(until, term).catch((error: unknown) => console.log(String(error)));
  driver.close();
  while (now() < until) await sleep(10);
  console.log((await driver.present()) ? 'outlived its lease' : 'ended in time');
}
