import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { outputOf } from './program.ts';

test('a program prints what it prints', async () => {
  expect(await outputOf('sh', ['-c', 'echo here'], { withinMs: 20_000 })).toBe('here\n');
});

test('how a program ended is told as it was', async () => {
  const ended = outputOf('sh', ['-c', 'exit 3'], { withinMs: 20_000 });
  await expect(ended).rejects.toMatchObject({ code: 3 });
});

test('one that does not end is given up, by name', async () => {
  const ended = outputOf('sleep', ['600'], { withinMs: 20 });
  await expect(ended).rejects.toThrow('sleep has not answered within 20 ms');
});

// Told of it by the order of Node's event loop: timers come before what else has happened meanwhile.
test('where this process stood still, a program that ended meanwhile is not taken for one that printed nothing', async () => {
  for (let tries = 0; tries < 5; tries++) {
    const printed = outputOf('sh', ['-c', 'sleep 0.02; echo here'], { withinMs: 150 });
    const seen = printed.catch(({ message }: Error) => message);
    await standStill(400);
    expect(['here\n', 'sh has not answered within 150 ms']).toContain(await seen);
  }
});

/** In the middle of taking what has happened, where timers are looked at before the rest is taken. */
async function standStill(forMs: number): Promise<void> {
  const server = createServer((socket) => socket.end('x')).listen(0);
  await once(server, 'listening');
  const socket = connect((server.address() as { port: number }).port);
  await once(socket, 'data');
  const until = performance.now() + forMs;
  while (performance.now() < until);
  socket.destroy();
  server.close();
}
