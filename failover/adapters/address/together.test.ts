import { expect, test } from 'vitest';
import type { AddressDriver } from './address-driver.ts';
import { together } from './together.ts';

test('addresses are held until the same time, refuse, and go together', async () => {
  const [v4, v6] = [noted(), noted()];
  const both = together([v4, v6]);
  await both.hold(7_000, TERM);
  await both.refuseNew();
  await both.drop();
  both.close();
  const all = ['hold 7000', 'refuse', 'drop', 'close'];
  expect([v4.did, v6.did]).toEqual([all, all]);
});

test.each([
  ['first', 0],
  ['second', 1],
])('where the %s cannot be held the other is, and it is said which fails', async (_, failing) => {
  const drivers = [noted(), noted()];
  drivers[failing] = noted(new Error('fd00::10 is not to be had'));
  await expect(together(drivers).hold(7_000, TERM)).rejects.toThrow('fd00::10 is not to be had');
  expect(drivers.map(({ did }) => did)).toEqual([['hold 7000'], ['hold 7000']]);
});

test('one that cannot be taken away, or closed, does not spare the other', async () => {
  const drivers = [noted(new Error('ip ended with 1')), noted()];
  await expect(together(drivers).refuseNew()).rejects.toThrow('ip ended with 1');
  await expect(together(drivers).drop()).rejects.toThrow('ip ended with 1');
  expect(drivers[1]!.did).toEqual(['refuse', 'drop']);
});

test('where all fail, all that they say is said', async () => {
  const failing = together([noted(new Error('no such device')), noted(new Error('no lock'))]);
  await expect(failing.hold(1, TERM)).rejects.toThrow('no such device; no lock');
});

test('an earlier process has left something if it left one of them', async () => {
  const none = noted();
  const left = { ...noted(), present: async () => true };
  expect(await together([none, left]).present()).toBe(true);
  expect(await together([none, none]).present()).toBe(false);
});

const TERM = { clusterId: '1', revision: 1 };

/** A driver that writes down what it is told, and fails if it shall. */
function noted(error?: Error): AddressDriver & { readonly did: string[] } {
  const did: string[] = [];
  const note = async (what: string) => {
    did.push(what);
    if (error) throw error;
  };
  return {
    did,
    hold: (until) => note(`hold ${until}`),
    refuseNew: () => note('refuse'),
    drop: () => note('drop'),
    present: async () => false,
    close: () => void did.push('close'),
  };
}
