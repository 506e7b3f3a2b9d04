import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { type Health, openControlSocket } from './control-socket.ts';
import type { Assignment } from './role.ts';

const health: Health = {
  site: 'a',
  role: 'taking-over',
  epoch: 7,
  position: 40,
  database: 'primary',
  healthy: true,
  waitingMs: 0,
  serverVersion: '1',
};

test('the agent reads the health', async () => {
  const { ask } = await workbench();
  expect(await ask('GET', '/v1/health')).toEqual({ status: 200, body: health });
});

test('the agent gives the role, and is told how far it is', async () => {
  const { ask, assigned } = await workbench();
  const writer = { role: 'writer', leaderRevision: '9223372036854775807', deadlineMs: 12.5 };
  expect(await ask('PUT', '/v1/role', writer)).toEqual({
    status: 200,
    body: { role: 'taking-over', epoch: 7 },
  });
  await ask('PUT', '/v1/role', { role: 'follower' });
  expect(assigned).toEqual([writer, { role: 'follower' }]);
});

test('an assignment that is none changes nothing', async () => {
  const { ask, assigned } = await workbench();
  expect((await ask('PUT', '/v1/role', { role: 'king' })).status).toBe(400);
  expect((await ask('PUT', '/v1/role', { role: 'writer', leaderRevision: 7 })).status).toBe(400);
  expect(assigned).toEqual([]);
});

test('an operator reads what administrators ordered, so many as they ask for', async () => {
  const { ask } = await workbench();
  const { status, body } = await ask('GET', '/v1/audit?limit=3');
  expect([status, body]).toEqual([
    200,
    { orders: [{ at_ts: 7, by: '@root:x', action: 'a', target: 't', detail: { n: 1 } }] },
  ]);
  for (const query of ['', '?limit=0', '?limit=all', '?limit=10001'])
    expect((await ask('GET', `/v1/audit${query}`)).status).toBe(400);
});

const order = { atMs: 7, by: '@root:x', action: 'a', target: 't', detail: '{"n":1}' };

test('a socket that a killed server left behind is replaced', async () => {
  const first = await workbench();
  const second = await workbench(first.runtimeDir);
  expect((await second.ask('GET', '/v1/health')).status).toBe(200);
});

test('whoever asks one that has ended is refused, rather than finds nothing there', async () => {
  const { close, path } = await workbench();
  await close();
  const late = new Agent({ connect: { socketPath: path } });
  onTestFinished(() => late.close());
  const asked = request('http://server/v1/health', { dispatcher: late });
  await expect(asked).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

async function workbench(runtimeDir = mkdtempSync(join(tmpdir(), 'farol-control-'))) {
  const assigned: Assignment[] = [];
  const socket = await openControlSocket(runtimeDir, {
    health: async () => health,
    assign: (assignment) => assigned.push(assignment),
    metrics: async () => ({ contentType: 'text/plain', text: 'm 1' }),
    audit: async (limit) => [{ ...order, auditNid: limit }],
  });
  const agent = new Agent({ connect: { socketPath: socket.path } });
  onTestFinished(async () => {
    await agent.close();
    await socket.close();
    rmSync(runtimeDir, { recursive: true, force: true });
  });
  const ask = async (method: 'GET' | 'PUT', path: string, body?: object) => {
    const answer = await request(`http://server${path}`, {
      method,
      dispatcher: agent,
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: await answer.body.json() };
  };
  return { ask, assigned, runtimeDir, path: socket.path, close: () => socket.close() };
}
