import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { AddressConnections } from './address-connections.ts';

test.each([
  ['192.0.2.10', true],
  ['::ffff:192.0.2.10', true],
  ['fd00::10', true],
  ['192.0.2.11', false],
  ['fd00::11', false],
  ['::ffff:192.0.2.11', false],
])(
  'of the floating addresses, however they are spelled, a connection to %s is one: %s',
  (to, is) => {
    const connections = new AddressConnections(['192.0.2.10', 'FD00:0:0::0:10'], () => 0);
    expect(connections.has({ localAddress: to } as Socket)).toBe(is);
  },
);
