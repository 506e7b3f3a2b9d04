import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { socketOf } from '../../sockets.ts';
import { Front } from './front.ts';

test('a front tells whether it accepts connections, and how it reaches the writer', async () => {
  const way = { kind: 'through', site: 'c' };
  const front = await frontThat({
    accepting: true,
    connections: 3,
    slowestMs: 40,
    way,
    certificatesEnd: '2027',
  });
  expect(await front.health()).toEqual({ healthy: true, connections: 3, slowestMs: 40, way });
  expect(await front.certificatesEnd()).toBe('2027');
});

test('one that holds requests, since it reaches no writer, may have the address all the same', async () => {
  const way = { kind: 'none', forMs: 46_000 };
  const front = await frontThat({ accepting: true, connections: 0, way });
  expect(await front.health()).toMatchObject({ healthy: true, way });
});

test('one that accepts no connections is sick', async () => {
  const front = await frontThat({ accepting: false, connections: 0 });
  expect(await front.health()).toEqual({ healthy: false, connections: 0, slowestMs: 0, way: null });
});

test('one that does not answer is sick, and says nothing of certificates', async () => {
  const front = await frontThat(undefined);
  expect(await front.health()).toEqual({ healthy: false, connections: 0, slowestMs: 0, way: null });
  expect(await front.certificatesEnd()).toBeNull();
});

async function frontThat(says: object | undefined): Promise<Front> {
  const runtimeDir = await mkdtemp(join(tmpdir(), 'farol-front-health-'));
  onTestFinished(() => rm(runtimeDir, { recursive: true }));
  await mkdir(join(runtimeDir, 'front'));
  if (says !== undefined) {
    const server = createServer((_request, response) => response.end(JSON.stringify(says)));
    await once(server.listen(socketOf(runtimeDir, 'front')), 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
  }
  const front = new Front(runtimeDir);
  onTestFinished(() => front.close());
  return front;
}
