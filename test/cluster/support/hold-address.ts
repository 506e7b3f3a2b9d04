import { arpDriver } from '../../../failover/adapters/address/arp.ts';
import { bootTime } from '../../../failover/adapters/clock/boot-time.ts';

// Runs in a site: holds the address named by its argument, and prints what troubles the driver.

const [address] = process.argv.slice(2);
const HELD_MS = 60_000;
const now = bootTime();
const driver = arpDriver({
  interface: 'eth0',
  address: address!,
  now,
  onTrouble: (error) => console.log(String(error)),
});
await driver.hold(now() + HELD_MS);
