import type { AddressDriver, Ground } from './address-driver.ts';
import { type AddressByHook, ByHook } from './by-hook.ts';
import { type AddressInDns, InDns } from './in-dns.ts';
import { announce } from './neighbours.ts';
import { type AddressOnInterface, OnInterface } from './on-interface.ts';

/** As the configuration has it. Each kind of driver adds its own. */
export type AddressConfig =
  | ({ readonly driver: 'arp' | 'bgp' } & AddressOnInterface)
  | ({ readonly driver: 'dns' } & AddressInDns)
  | ({ readonly driver: 'hook' } & AddressByHook);

export function driverOf(config: AddressConfig, ground: Ground): AddressDriver {
  switch (config.driver) {
    case 'arp':
      return new OnInterface(config, ground, announce);
    case 'bgp':
      return new OnInterface(config, ground);
    case 'dns':
      return new InDns(config, ground);
    case 'hook':
      return new ByHook(config, ground);
    default:
      throw new Error(`no address has the driver of ${JSON.stringify(config satisfies never)}`);
  }
}

/** It is on this machine while it is held, and connections to it end when it leaves. */
export const leavesTheMachine = ({ driver }: AddressConfig): boolean =>
  driver === 'arp' || driver === 'bgp';

/** As operators know it. */
export const shownAs = (config: AddressConfig): string =>
  config.driver === 'dns' ? config.name : config.address;
