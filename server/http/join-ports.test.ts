import { expect, test } from 'vitest';
import { joinPorts } from './join-ports.ts';

test('endpoints find the ports of all features', () => {
  expect(joinPorts({ rooms: 1, devices: 2 }, { sync: 3 })).toEqual({
    rooms: 1,
    devices: 2,
    sync: 3,
  });
});

test('two ports of one name are refused', () => {
  expect(() => joinPorts({ rooms: 1, filters: 2 }, { filters: 2 })).toThrow(
    'Two features have a port named filters: rename one',
  );
});
