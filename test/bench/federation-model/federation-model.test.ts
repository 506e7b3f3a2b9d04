import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { seeded } from '../../differential/random.ts';
import { playedTransactions, transactionsPerSecond } from './batching.ts';
import { measuredNetwork, modelFiles } from './files.ts';
import { loadsOf, playedLoads, seatsOf, sentTo, shareOf } from './load.ts';
import { MEASURED, makeNetwork, type Network, scaled } from './network.ts';

const root = join(import.meta.dirname, '../../..');

/** Two rooms: of the first server 3 and 1 users, of the second 1 in the first, of the third 2 in the second. */
const small: Network = {
  ...{ servers: 3, users: 7 },
  rooms: [
    new Map([
      [0, 3],
      [1, 1],
    ]),
    new Map([
      [0, 1],
      [1, 1],
      [2, 2],
    ]),
  ],
};

test('a server sends what its users say to each other server in the room, and takes in what others say', () => {
  expect(loadsOf(small, 10)).toEqual([
    { sent: 10 * (3 * 1 + 1 * 2), received: 10 * (1 + 3) },
    { sent: 10 * (1 * 1 + 1 * 2), received: 10 * (3 + 3) },
    { sent: 10 * (2 * 2), received: 10 * 2 },
  ]);
  expect(sentTo(small, 0, 10)).toEqual(
    new Map([
      [1, 40],
      [2, 10],
    ]),
  );
});

test('what one sends another takes in: both are the same in all', () => {
  const loads = loadsOf(measuredNetwork(), 1);
  const sum = (of: 'sent' | 'received') => loads.reduce((all, each) => all + each[of], 0);
  expect(sum('sent')).toBe(sum('received'));
});

test('the network has the measured numbers, and its largest server the measured shares', () => {
  const network = measuredNetwork();
  const seen = new Set(network.rooms.flatMap((room) => [...room.keys()]));
  expect([seen.size, network.rooms.length, network.users]).toEqual([2_003, 798, 131_463]);
  expect(Math.min(...network.rooms.map((room) => room.size))).toBeGreaterThan(0);
  const { ofSent, ofTraffic } = shareOf(0, loadsOf(network, 1));
  expect(Math.round(ofSent * 1_000) / 10).toBeCloseTo(88.4, 0);
  expect(Math.round(ofTraffic * 1_000) / 10).toBeCloseTo(44.5, 0);
});

test.each([1, 2, 3])(
  'messages that are played one by one load the servers as the equations say (seed %i)',
  (seed) => {
    const network = makeNetwork(seeded(seed), scaled(MEASURED, 0.1));
    const count = 20_000;
    const played = playedLoads(network, seeded(seed + 100), count);
    const messages = count / seatsOf(network);
    const expected = loadsOf(network, messages);
    for (const [server, { sent, received }] of expected.entries()) {
      const of = played[server]!;
      expect(Math.abs(of.received - received)).toBeLessThanOrEqual(deviation(received, 1));
      // What is said is sent to many at once, so it varies by so much more.
      const most = Math.max(...network.rooms.filter((r) => r.has(server)).map((r) => r.size - 1));
      expect(Math.abs(of.sent - sent)).toBeLessThanOrEqual(deviation(sent, most));
    }
  },
);

/** Five times what a count of events of this weight deviates by. */
const deviation = (expected: number, weight: number): number =>
  5 * Math.sqrt(expected * weight) + 5 * weight;

test.each([
  [0.1, 0.1],
  [5, 0.1],
  [20, 0.1],
  [2, 1],
  [400, 0.1],
])(
  '%d events a second to a server that answers in %d s become as many transactions as are counted',
  (events, roundTrip) => {
    const seconds = 20_000 / Math.min(events, 1 / roundTrip);
    const played = playedTransactions(seeded(1), { events, roundTrip, seconds });
    expect(played.events / seconds / events).toBeCloseTo(1, 1);
    const expected = transactionsPerSecond(events, roundTrip);
    expect(played.transactions / seconds / expected).toBeGreaterThan(0.97);
    expect(played.transactions / seconds / expected).toBeLessThan(1.03);
  },
);

test.for([...modelFiles()])('%s is what the model gives', ([file, expected]) => {
  expect(readFileSync(join(root, file), 'utf8')).toBe(expected);
});
