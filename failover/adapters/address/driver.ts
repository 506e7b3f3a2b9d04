import type { AddressDriver, Ground } from './address-driver.ts';
import { type ArpAddress, ArpDriver } from './arp.ts';

/** As the configuration has it. Each kind of driver adds its own. */
export type AddressConfig = { readonly driver: 'arp' } & ArpAddress;

export function driverOf(config: AddressConfig, ground: Ground): AddressDriver {
  switch (config.driver) {
    case 'arp':
      return new ArpDriver(config, ground);
    default:
      throw new Error(`no address has the driver ${config.driver satisfies never}`);
  }
}
