import { setImmediate as turn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import type { ServerName } from '../../protocol/identifiers.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { Destination } from './destination.ts';
import { type Beginning, DESTINATION_BOUNDS, type DestinationPorts } from './destination-ports.ts';
import { Held } from './held.ts';
import { Lacks } from './lacks.ts';
import { Leisure } from './leisure.ts';
import type { Pdu } from './pdu.ts';
import type { Transaction } from './transaction.ts';

const name = 'one.org' as ServerName;

/** More than any of this needs: whoever goes round without a pause would never let the test go on. */
const ROUNDS_MAX = 50;

test.each([
  ['that was there is tried again in seconds', true, 7_500],
  ['that never was there is not', false, 0.75 * 3_600_000],
])('a server %s where it refuses connections', async (_what, isKnown, pauseMs) => {
  const pauses: number[] = [];
  const ports: DestinationPorts = {
    ...portsOf(async () => {
      throw new MatrixError(503, 'M_UNKNOWN', 'It is started');
    }),
    bounds: { ...DESTINATION_BOUNDS, firstPauseMs: 3_600_000 },
    attempted: (_server, { retryAtMs }) => void pauses.push(retryAtMs - 1_000),
    now: () => 1_000,
  };
  const destination = new Destination(name, ports, { ...BEGINNING, isKnown });
  destination.wake();
  await vi.waitFor(() => expect(pauses).toEqual([pauseMs]));
  destination.close();
});

test('what waits beside an event that is refused, and is then nothing to be sent, goes all the same', async () => {
  const sent: Transaction[] = [];
  let rounds = 0;
  const ports: DestinationPorts = {
    ...portsOf(async (_server, transaction) => {
      sent.push(transaction);
      const [pdus, edus] = [transaction.pdus.length, transaction.edus.length];
      if (pdus > 0 && edus > 0) throw new MatrixError(400, 'M_BAD_JSON', 'I know better');
      if (pdus > 0) throw new Error('no answer');
      return [];
    }),
    places: {
      run: (_server: ServerName, _standing: unknown, work: () => Promise<void>) =>
        ++rounds > ROUNDS_MAX ? new Promise<void>(() => {}) : work(),
    } as never,
    bounds: { ...DESTINATION_BOUNDS, heldFailuresMax: 0, firstPauseMs: 1 },
  };
  const destination = new Destination(name, ports, BEGINNING);
  destination.give(aPdu);
  await vi.waitFor(() => expect(sent.at(-1)).toMatchObject({ pdus: [], edus: [letter.json] }));
  expect(rounds).toBeLessThan(ROUNDS_MAX);
  destination.close();
});

test('nobody is greeted before this server answers', async () => {
  const sent: Transaction[] = [];
  let answers = false;
  const ports = portsOf(async (_server, transaction) => {
    sent.push(transaction);
    return [];
  });
  const greeted = { ...BEGINNING, hasPost: false, isGreeted: true };
  const destination = new Destination(name, { ...ports, mayBegin: () => answers }, greeted);
  destination.wake();
  destination.posted();
  for (let turns = 0; turns < 3; turns++) await turn();
  expect(sent).toEqual([]);
  answers = true;
  destination.wake();
  await vi.waitFor(() => expect(sent.length).toBeGreaterThan(0));
  destination.close();
});

test.each<[string, Partial<Beginning>]>([
  ['catches up', { isBehind: true }],
  ['is greeted', { isGreeted: true }],
])('who %s waits for leisure, outside of places', async (_what, beginning) => {
  const { promise: leisure, resolve: isThere } = Promise.withResolvers<void>();
  const { destination, sent } = waiting(leisure, beginning);
  destination.wake();
  for (let turns = 0; turns < 3; turns++) await turn();
  expect(sent).toEqual([]);
  isThere();
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  destination.close();
});

test.each<[string, (destination: Destination) => void]>([
  ['an event', (destination) => destination.give(aPdu)],
  ['a letter', (destination) => destination.posted()],
])(
  'of many that are to be greeted the one for which there is %s is asked among the first',
  async (_what, give) => {
    const sent: ServerName[] = [];
    const ports = {
      ...portsOf(async (server) => {
        sent.push(server);
        return [];
      }),
      leisure: new Leisure({ loop: () => ({ active: 0, idle: 1 }), now: () => 0, pause: turn }),
    };
    const greeted = { ...BEGINNING, hasPost: false, isGreeted: true };
    const many = Array.from({ length: 200 }, (_, each) => {
      return new Destination(`p${each}.org` as ServerName, ports, greeted);
    });
    for (const destination of many) destination.wake();
    give(many[150]!);
    await vi.waitFor(() => expect(new Set(sent).size).toBe(many.length), 5_000);
    expect(sent.indexOf('p150.org' as ServerName)).toBeLessThan(5);
    for (const destination of many) destination.close();
  },
);

test('who keeps up does not wait for leisure', async () => {
  const { destination, sent } = waiting(new Promise(() => {}), {});
  destination.give(aPdu);
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  destination.close();
});

function waiting(leisure: Promise<void>, beginning: Partial<Beginning>) {
  const sent: Transaction[] = [];
  const ports = portsOf(async (_server, transaction) => {
    sent.push(transaction);
    return [];
  });
  const destination = new Destination(
    name,
    { ...ports, leisure: { turn: () => leisure } },
    { ...BEGINNING, hasPost: true, ...beginning },
  );
  return { destination, sent };
}

test('while nothing may be told nothing is read, and what was read before is sent only when it may be', async () => {
  const at = asking([false, true, false]);
  await vi.waitFor(() => expect(at.asked()).toBe(1));
  await turn();
  expect(at.reads()).toBe(0);
  await vi.waitFor(() => expect(at.asked()).toBe(3), 5_000);
  expect([at.sent, at.reads()]).toEqual([[], 1]);
  await vi.waitFor(() => expect(at.sent[0]).toMatchObject({ edus: [letter.json] }), 5_000);
  at.destination.close();
});

/** Whether it may send, in the order in which it asks; behind that it may. */
function asking(may: boolean[]) {
  const sent: Transaction[] = [];
  let [asked, reads] = [0, 0];
  const ports = portsOf(async (_server, transaction) => {
    sent.push(transaction);
    return [];
  });
  const read = async () => {
    reads += 1;
    return [letter] as never;
  };
  const maySend = () => may[asked++] ?? true;
  const post = { ...ports.post, read };
  const destination = new Destination(name, { ...ports, maySend, post }, BEGINNING);
  destination.wake();
  return { destination, sent, asked: () => asked, reads: () => reads };
}

const aPdu = { eventId: '$one', roomNid: 1, position: 1, text: '{}', bytes: 2 } as never as Pdu;
const letter = { position: 1, json: '{"edu_type":"m.direct_to_device"}' };

const BEGINNING: Beginning = {
  ...{ isKnown: true, isBehind: false, hasPost: true, isGreeted: false },
  ...{ failures: 0, retryAtMs: 0 },
};

/** Of a server of which nobody is in the room any more. */
function portsOf(send: DestinationPorts['send']): DestinationPorts {
  let txns = 0;
  return {
    ...{ mayBegin: () => true, maySend: () => true, leisure: { turn: async () => {} } },
    send,
    places: { run: (_server: unknown, _standing: unknown, work: () => unknown) => work() } as never,
    ...{ held: new Held(), lacks: new Lacks(), bounds: DESTINATION_BOUNDS },
    post: { read: async () => [letter] as never, taken() {}, passing: { count: 0 } },
    ...{ writeDown: async () => {}, nextStep: async () => undefined, given: () => 1 },
    ...{ attempted() {}, idleUnknown() {}, onError: (error) => expect.unreachable(String(error)) },
    newTxnId: () => `txn${++txns}`,
    ...{ now: Date.now, random: () => 0, reports: { of() {} } as never },
  };
}
