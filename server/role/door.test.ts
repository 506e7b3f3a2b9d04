import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { OF_A_LONE_SERVER, openDoor } from './door.ts';

test('a lone server tells clients that it starts, and then that it stops, to be asked again', async () => {
  const door = await openDoor({ address: '127.0.0.1:0' }, OF_A_LONE_SERVER);
  onTestFinished(() => door.drain(0));
  const asked = async () => {
    const reply = await fetch(door.origin);
    return [reply.status, ((await reply.json()) as { error: string }).error];
  };
  expect(await asked()).toEqual([503, 'This server is starting: try again in a second']);
  door.lead((_request, response) => response.end('{"error":"none"}'));
  expect(await asked()).toEqual([200, 'none']);
  door.turnAway();
  expect(await asked()).toEqual([503, 'This server is stopping: try again when it has started']);
});

test('the front of the same machine comes in by a socket, which leads where the address does, and refuses it when the door is closed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'farol-door-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const socketPath = join(folder, 'requests.sock');
  const door = await openDoor({ address: '127.0.0.1:0', socketPath });
  onTestFinished(() => door.drain(0));
  expect(await askedAt(socketPath)).toContain('M_UNKNOWN');
  door.lead((_request, response) => response.end('it leads'));
  expect(await askedAt(socketPath)).toBe('it leads');
  expect(await (await fetch(door.origin)).text()).toBe('it leads');
  await door.drain(0);
  await expect(askedAt(socketPath)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

const askedAt = (socketPath: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const asking = request({ socketPath, agent: false }, (answer) =>
      text(answer).then(resolve, reject),
    );
    asking.on('error', reject).end();
  });
