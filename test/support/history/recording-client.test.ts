import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { npmStart } from '../../clients/server.ts';
import { violationsIn } from './check-history.ts';
import { History, type StoredMessage } from './history.ts';
import { RecordingClient } from './recording-client.ts';

test('a client that was away writes down the gap that /sync tells it of, and nothing else is one', async () => {
  await using server = await npmStart();
  const history = new History();
  const target = { origin: server.url, through: 'server' };
  const [writer, reader] = ['writer', 'reader'].map(
    (name) => new RecordingClient(name, target, history),
  ) as [RecordingClient, RecordingClient];
  await Promise.all([writer.register(), reader.register()]);
  const room = await writer.createRoom();
  await reader.join(room);
  await say(writer, room, FEW);
  await syncUntilGiven(reader, history, FEW);
  await say(writer, room, MANY);
  await syncUntilGiven(reader, history, FEW + MANY);
  await Promise.all([writer.close(), reader.close()]);

  expect(violationsIn(history, storedBy(history, room))).toEqual([]);
  expect(history.deliveries.filter(({ afterGap }) => afterGap)).toHaveLength(1);
  const [first, last] = [history.deliveries.at(0), history.deliveries.at(-1)];
  expect([first?.request, last?.request]).toEqual(['writer-1', `writer-${FEW + MANY}`]);
  expect(history.deliveries.length).toBeLessThan(FEW + MANY);
});

test.each([
  [502, { kind: 'answered', status: 502 }],
  [200, { kind: 'unanswered', cause: expect.stringContaining('JSON') }],
])('what a proxy says in HTML with status %i is no acknowledgement', async (status, outcome) => {
  const proxy = createServer((_, answer) => answer.writeHead(status).end('<html></html>'));
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const history = new History();
  const origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const client = new RecordingClient('writer', { origin, through: 'proxy' }, history);
  await expect(client.register()).rejects.toThrow(/POST \/register came to/);
  await client.close();
  await new Promise((resolve) => proxy.close(resolve));
  expect(history.attempts.map((attempt) => attempt.outcome)).toEqual([outcome]);
});

/** As many as /sync gives at once, and more than it gives at once. */
const FEW = 3;
const MANY = 30;

async function say(writer: RecordingClient, room: string, count: number) {
  for (let each = 0; each < count; each++) await writer.send(room, writer.nextRequest());
}

async function syncUntilGiven(reader: RecordingClient, history: History, last: number) {
  const given = new AbortController();
  const following = reader.syncUntil(given.signal);
  while (history.deliveries.at(-1)?.request !== `writer-${last}`) await sleep(20);
  given.abort();
  await following;
}

/** Everything was acknowledged, one after the other. */
function storedBy(history: History, room: string): StoredMessage[] {
  return history.attempts.flatMap(({ what, request, outcome }, position) =>
    what === 'send' && outcome.kind === 'answered' && outcome.eventId !== undefined
      ? [{ position, room, request, eventId: outcome.eventId }]
      : [],
  );
}
