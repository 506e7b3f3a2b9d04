import { once } from 'node:events';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { socketOf } from '../../sockets.ts';
import { isGone, Server } from './server.ts';

const well = { role: 'writer', epoch: 7, position: 12, healthy: true };

test('a server says its role and how it is', async () => {
  const { server } = await serverThat((response) =>
    response.end(JSON.stringify({ ...well, waitingMs: 40 })),
  );
  expect(await server.report()).toEqual({ ...well, why: null, waitingMs: 40 });
});

test('one of an earlier version does not say how long its commits take', async () => {
  const { server } = await serverThat((response) => response.end(JSON.stringify(well)));
  expect((await server.report()).waitingMs).toBe(0);
});

test('it is told its role and until when', async () => {
  const { server, told } = await serverThat((response) =>
    response.end(JSON.stringify({ role: 'writer', epoch: 8 })),
  );
  const order = { kind: 'tell-server', role: 'writer', leaderRevision: 8, deadline: 99 } as const;
  expect(await server.tell(order)).toEqual({ role: 'writer', epoch: 8 });
  await server.tell({ kind: 'tell-server', role: 'follower' });
  expect(told).toEqual([
    { role: 'writer', leaderRevision: '8', deadlineMs: 99 },
    { role: 'follower' },
  ]);
});

test('an answer that is none of 200 is an error, whatever it says', async () => {
  const { server } = await serverThat((response) =>
    response.writeHead(500).end(JSON.stringify(well)),
  );
  await expect(server.report()).rejects.toThrow('with 500');
});

test('a server that does not answer is not one that is gone', async () => {
  const { server } = await serverThat(() => undefined);
  const error = await server.report().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(Error);
  expect(isGone(error)).toBe(false);
});

test('where nobody listens, no process is there', async () => {
  const { server, end } = await serverThat(() => undefined);
  await end();
  const error = await server.report().catch((reason: unknown) => reason);
  expect(isGone(error)).toBe(true);
});

test('where its socket is not there, somebody may have removed it beneath a server that lives', async () => {
  const { server, runtimeDir } = await serverThat(() => undefined);
  await rm(socketOf(runtimeDir, 'server'));
  const error = await server.report().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'ENOENT' });
  expect(isGone(error)).toBe(false);
});

async function serverThat(answers: (response: ServerResponse) => unknown) {
  const runtimeDir = await mkdtemp(join(tmpdir(), 'farol-server-health-'));
  onTestFinished(() => rm(runtimeDir, { recursive: true }));
  await mkdir(join(runtimeDir, 'server'));
  const told: unknown[] = [];
  const listening = createServer((request, response) => {
    void text(request).then((sent) => {
      if (sent !== '') told.push(JSON.parse(sent));
      answers(response);
    });
  });
  const path = socketOf(runtimeDir, 'server');
  await once(listening.listen(`${path}.1`), 'listening');
  // The file stays when it has ended, as a server's own does.
  await rename(`${path}.1`, path);
  const end = async () => {
    if (!listening.listening) return;
    listening.close();
    listening.closeAllConnections();
    await once(listening, 'close');
  };
  onTestFinished(end);
  const server = new Server(runtimeDir);
  onTestFinished(() => server.close());
  return { server, told, end, runtimeDir };
}
