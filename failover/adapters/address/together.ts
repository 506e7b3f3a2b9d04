import type { AddressDriver } from './address-driver.ts';

/**
 * Several addresses under one lease, by IPv4 and by IPv6 say: they come and go together. Where one cannot be held
 * the others are, and its failure is told: a site where all of them work is better, but this one may be the last.
 */
export function together(drivers: readonly AddressDriver[]): AddressDriver {
  return {
    hold: (until, term) => each(drivers, (driver) => driver.hold(until, term)),
    refuseNew: () => each(drivers, (driver) => driver.refuseNew()),
    drop: () => each(drivers, (driver) => driver.drop()),
    present: async () =>
      (await Promise.all(drivers.map((driver) => driver.present()))).some(Boolean),
    close() {
      for (const driver of drivers) driver.close();
    },
  };
}

/** None waits for another, and none is spared because another failed. */
async function each(
  drivers: readonly AddressDriver[],
  act: (driver: AddressDriver) => Promise<void>,
): Promise<void> {
  const ended = await Promise.allSettled(drivers.map(act));
  const errors = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) {
    throw new AggregateError(errors, errors.map((error) => error?.message ?? error).join('; '));
  }
}
