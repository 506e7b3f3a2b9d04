import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { Incoming } from './body.ts';
import { Shares } from './shares.ts';

const KIB = 1024;
const taker = { key: 'phone', known: true };

test.each([
  ['memory', 100 * KIB],
  ['disk', 10],
] as const)(
  'a body for the %s that does not come in time gives its place back',
  async (_kind, memoryBytesMax) => {
    let now = 0;
    const { request, reading, room } = incoming(memoryBytesMax, () => now);
    const body = reading.read();
    request.push(Buffer.alloc(20 * KIB));
    // A slow start is no reason, nor is a slow line: 16 KiB/s after 20 s.
    now = 21_000;
    await lookedAt();
    now = 22_500;
    expect(await body).toBe('too-slow');
    await reading.close();
    expect([room.memory.taken, room.disk.taken]).toEqual([0, 0]);
    // The client is still sending, and reads its refusal only then.
    request.on('data', () => undefined).push(Buffer.alloc(20 * KIB));
    await lookedAt();
    expect([room.memory.taken, room.disk.taken]).toEqual([0, 0]);
  },
);

test('a body that comes steadily over a slow line is taken', async () => {
  let now = 0;
  const { request, reading } = incoming(100 * KIB, () => now);
  const body = reading.read();
  request.push(Buffer.alloc(33 * KIB));
  now = 22_000;
  await lookedAt();
  request.push(Buffer.alloc(10));
  request.push(null);
  request.complete = true;
  expect(await body).toMatchObject({ kind: 'memory' });
});

/** The pace is looked at each second. */
const lookedAt = () => new Promise((resolve) => setTimeout(resolve, 1_100));

function incoming(memoryBytesMax: number, now: () => number) {
  const request = new IncomingMessage(new Socket());
  request.headers['content-length'] = String(1000 * KIB);
  if (memoryBytesMax > 10) delete request.headers['content-length'];
  const room = {
    memory: new Shares(8 * KIB * KIB),
    disk: new Shares(80 * KIB * KIB),
    memoryBytesMax,
    folder: tmpdir(),
    now,
  };
  const reading = new Incoming(request, taker, room);
  onTestFinished(() => reading.close());
  return { request, reading, room };
}
