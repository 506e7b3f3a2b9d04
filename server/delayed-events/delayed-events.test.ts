import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.ts';
import { timersByHand } from '../../test/support/timers.ts';
import { startWriter } from '../../test/support/writer.ts';
import { commitRows } from '../log/commit-rows.ts';
import { KeyedMutex } from '../log/keyed-mutex.ts';
import { type Log, NotWriter, OutcomeUnknown } from '../log/log.ts';
import { notKept } from '../log/outcomes.ts';
import type { Writer } from '../log/writer.ts';
import type { EventId, RoomId, UserId } from '../protocol/identifiers.ts';
import { badGateway, forbidden, limitExceeded } from '../protocol/matrix-error.ts';
import { delayedEvent } from '../storage/rooms/delayed-events.ts';
import { type DelayedEventPorts, DelayedEvents } from './delayed-events.ts';
import { forgetFinalised } from './forget-finalised.ts';

const alice = '@alice:example.org' as UserId;
const bob = '@bob:example.org' as UserId;

let fresh: FreshDatabase;
let writer: Writer;
let timers: ReturnType<typeof timersByHand>;
let sent: string[];
let now: number;
let ports: DelayedEventPorts;
let delayed: DelayedEvents;

beforeEach(async () => {
  fresh = await freshDatabase();
  writer = await startWriter(fresh.url);
  [timers, sent, now] = [timersByHand(), [], 1_800_000_000_000];
  ports = {
    database: fresh.database,
    log: writer,
    locks: new KeyedMutex(),
    now: () => now,
    timers,
    isRoom: async () => true,
    mayNotAct: async () => undefined,
    takeSend: async () => 0,
    onError: () => {},
    async send(_roomId, draft, origin) {
      const eventId = `$${sent.length}` as EventId;
      await commitRows(ports.log, origin.rows?.(eventId) ?? []);
      sent.push(draft.content.body as string);
      return eventId;
    },
  };
  delayed = new DelayedEvents(ports);
});

afterEach(async () => {
  delayed.close();
  await writer.close();
  await fresh[Symbol.asyncDispose]();
});

test('what its user may not send yet waits for its turn', async () => {
  let waitMs = 700;
  use({ takeSend: async () => waitMs });
  const id = await schedule('one', 1_000);
  timers.pass(1_000);
  await settled(id);
  waitMs = 0;
  timers.pass(699);
  await settled(id);
  expect(sent).toEqual([]);
  timers.pass(1);
  await untilFinalised(id);
  expect(sent).toEqual(['one']);
});

test('a delay that was committed though nobody could be told is kept to', async () => {
  use({ log: failing(new OutcomeUnknown('lost'), { done: true }) });
  await expect(schedule('one', 1_000)).rejects.toThrow('lost');
  ports = { ...ports, log: writer };
  timers.pass(1_000);
  await expect.poll(() => sent, POLL).toEqual(['one']);
});

test('a delay that was certainly not committed is forgotten', async () => {
  use({ log: failing(new NotWriter('gone'), { done: false }) });
  await expect(schedule('one', 1_000)).rejects.toThrow('gone');
  timers.pass(1_000);
  expect(await delayed.listOf(alice)).toEqual([]);
  await settled('');
  expect(sent).toEqual([]);
});

test.each([
  ['for the moment', new Error('for the moment')],
  ['since another server does not answer', badGateway('away')],
  ['since there is too much to do', limitExceeded(1_000)],
])('what could not be read or sent %s is tried again', async (_, failure) => {
  let failures = 0;
  const errors: unknown[] = [];
  const { send } = ports;
  use({
    onError: (error) => errors.push(error),
    send: (...wish) => (failures++ < 2 ? Promise.reject(failure) : send(...wish)),
  });
  const id = await schedule('one', 1_000);
  timers.pass(1_000);
  for (const count of [1, 2]) {
    await expect.poll(() => errors.length, POLL).toBe(count);
    await settled(id);
    timers.pass(1_000);
  }
  await untilFinalised(id);
  expect(sent).toEqual(['one']);
});

test('what may have been sent is not restarted before its row was looked at', async () => {
  const { send } = ports;
  use({
    async send(...wish) {
      await send(...wish);
      throw new OutcomeUnknown('lost');
    },
  });
  const id = await schedule('one', 1_000);
  await expect(delayed.send(id)).rejects.toThrow('lost');
  await expect(delayed.restart(id)).rejects.toMatchObject({ status: 409 });
  timers.pass(1_000);
  await settled(id);
  expect(sent).toEqual(['one']);
});

test('a restart that came before the delay was over is heard, also where it had to wait', async () => {
  const id = await schedule('one', 1_000);
  const others = Promise.withResolvers<void>();
  const holding = ports.locks.run(`delayed-event:${id}`, () => others.promise);
  const restarting = delayed.restart(id);
  timers.pass(1_000);
  others.resolve();
  await Promise.all([holding, restarting]);
  await settled(id);
  expect(sent).toEqual([]);
  timers.pass(1_000);
  await untilFinalised(id);
  expect(sent).toEqual(['one']);
});

test('what may have been sent when it was due is not restarted before its row was looked at either', async () => {
  const errors = sendingAndFailing(new Error('behind the commit'));
  const id = await schedule('one', 1_000);
  timers.pass(1_000);
  await expect.poll(() => errors.length, POLL).toBe(1);
  await expect(delayed.restart(id)).rejects.toMatchObject({ status: 409 });
  expect(sent).toEqual(['one']);
});

test('what is due in the same moment, as behind a takeover, goes out a few at a time', async () => {
  const gate = Promise.withResolvers<void>();
  let underWay = 0;
  const { send } = ports;
  use({
    async send(...wish) {
      underWay += 1;
      await gate.promise;
      return send(...wish);
    },
  });
  const ids: string[] = [];
  for (let count = 0; count < 20; count++) ids.push(await schedule(`${count}`, 1_000));
  timers.pass(1_000);
  await expect.poll(() => underWay, POLL).toBe(16);
  await settled(ids.at(-1)!);
  expect(underWay).toBe(16);
  gate.resolve();
  for (const id of ids) await untilFinalised(id);
  expect(sent).toHaveLength(20);
});

test('what was sent is told as sent, though what was to be done behind it was refused', async () => {
  sendingAndFailing(forbidden('A guest was banned meanwhile'));
  const id = await schedule('one', 1_000);
  timers.pass(1_000);
  await untilFinalised(id);
  expect(await stored(id)).toMatchObject({ eventId: '$0', error: null });
  await expect(delayed.cancel(id)).rejects.toMatchObject({ status: 409 });
});

test('a delay that is over while it is being committed is kept to', async () => {
  const gate = Promise.withResolvers<void>();
  use({
    log: {
      ...bound(writer),
      async commit(build) {
        await gate.promise;
        return writer.commit(build);
      },
    },
  });
  const scheduling = schedule('one', 1_000);
  await expect.poll(() => timers.count(), POLL).toBe(1);
  timers.pass(1_000);
  gate.resolve();
  await untilFinalised(await scheduling);
  expect(sent).toEqual(['one']);
});

test('what is over is forgotten after a week, and of each user all but the last hundred', async () => {
  const waits = await schedule('waits', 1_000);
  const ofBob = await over(bob);
  const first = await over(alice);
  for (let count = 0; count < 100; count++) await over(alice);
  await forgetFinalised(ports);
  expect(await stored(first)).toBeUndefined();
  expect(await stored(ofBob)).toBeDefined();
  expect(await count()).toBe(102);
  now += 7 * 24 * 3_600_000 - 1_000;
  await forgetFinalised(ports);
  expect(await count()).toBe(102);
  now += 2_000;
  await forgetFinalised(ports);
  expect(await count()).toBe(1);
  expect(await stored(waits)).toBeDefined();
});

const POLL = { timeout: 15_000, interval: 5 };

function use(instead: Partial<DelayedEventPorts>) {
  ports = { ...ports, ...instead };
  delayed.close();
  delayed = new DelayedEvents({
    ...ports,
    log: { ...bound(writer), commit: (build) => ports.log.commit(build) },
  });
}

/** The event and its row are committed, and what belongs to it besides fails. */
function sendingAndFailing(failure: Error): unknown[] {
  const errors: unknown[] = [];
  const { send } = ports;
  use({
    onError: (error) => errors.push(error),
    async send(...wish) {
      await send(...wish);
      throw failure;
    },
  });
  return errors;
}

const bound = (log: Writer) => ({
  epoch: log.epoch,
  committed: log.committed,
  onCommitted: log.onCommitted.bind(log),
  mayAnswer: log.mayAnswer.bind(log),
});

/** A commit that is reported to have failed. */
const failing = (error: Error, { done }: { done: boolean }): DelayedEventPorts['log'] => ({
  ...bound(writer),
  async commit(build: Parameters<Log['commit']>[0]) {
    if (done) await writer.commit(build);
    throw error;
  },
});

async function schedule(body: string, delayMs: number, sender = alice): Promise<string> {
  const draft = { sender, type: 'm.room.message', content: { body } };
  const wish = { roomId: '!room:example.org' as RoomId, draft, delayMs };
  const { delay_id } = await delayed.schedule(wish, notKept);
  return delay_id as string;
}

/** Cancelled, a millisecond behind the last. */
async function over(userId: UserId): Promise<string> {
  const id = await schedule('over', 1_000, userId);
  now += 1;
  await delayed.cancel(id);
  return id;
}

const stored = (id: string) => delayedEvent(fresh.database, id);

/** What was begun with it has ended. */
const settled = (id: string) => ports.locks.run(`delayed-event:${id}`, async () => {});

/** And whoever sent it has heard so: the row is there before the commit's answer. */
async function untilFinalised(id: string): Promise<void> {
  await expect.poll(async () => (await stored(id))?.finalisedMs, POLL).toEqual(expect.any(Number));
  await settled(id);
}

async function count(): Promise<number> {
  const rows = await fresh.database.query<{ count: number }>(
    'count_delayed',
    'SELECT count(*) FROM delayed_event',
  );
  return rows[0]!.count;
}
