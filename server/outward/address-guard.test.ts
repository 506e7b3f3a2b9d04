import { expect, test } from 'vitest';
import { AddressGuard, AddressRefused } from './address-guard.ts';

const guard = new AddressGuard({ allowed: [], key: 'some.key' });

test.each([
  ...['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1'],
  ...['0.0.0.0', '255.255.255.255', '224.0.0.1', '198.18.0.1'],
  ...['::1', '::', 'fe80::1', 'fd00::1', 'ff02::1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
  ...['64:ff9b::7f00:1', '2002:7f00:1::', '::127.0.0.1', '::ffff:0:127.0.0.1'],
  ...['100:0:0:1::1', '5f00::1', 'fe80::1%eth0', 'no address', ''],
])('%s is not reached because a stranger says so', (address) => {
  expect(guard.refuses(address)).toBe(true);
});

test.each(['1.1.1.1', '172.32.0.1', '2606:4700::1111', '::ffff:1.1.1.1'])(
  '%s is of the public Internet',
  (address) => {
    expect(guard.refuses(address)).toBe(false);
  },
);

test('what the operator allows is reached, and no more than that', () => {
  const wider = new AddressGuard({
    allowed: ['10.1.0.0/16', 'fd00::/64', '192.168.7.7'],
    key: 'some.key',
  });
  expect(['10.1.9.9', 'fd00::5', '192.168.7.7'].map((each) => wider.refuses(each))).toEqual([
    ...[false, false, false],
  ]);
  expect(['10.2.0.1', 'fd00:1::5', '192.168.7.8'].map((each) => wider.refuses(each))).toEqual([
    ...[true, true, true],
  ]);
});

test('of a name those addresses are left out that may not be reached, at each look-up', async () => {
  const looked = (of: AddressGuard, all: boolean) =>
    new Promise<unknown>((resolve) =>
      of.lookup('localhost', { all }, (error, address) => resolve(error ?? address)),
    );
  expect(await looked(guard, true)).toBeInstanceOf(AddressRefused);
  expect(await looked(guard, false)).toBeInstanceOf(AddressRefused);
  const local = new AddressGuard({ allowed: ['127.0.0.0/8'], key: 'some.key' });
  expect(await looked(local, true)).toEqual([{ address: '127.0.0.1', family: 4 }]);
  expect(await looked(local, false)).toBe('127.0.0.1');
});
