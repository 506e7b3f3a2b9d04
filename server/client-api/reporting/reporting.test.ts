import { expect, test } from 'vitest';
import { startApi } from '../../../test/support/api-server.ts';

test('a room, an event and a user are reported, with a reason, for who runs the server to read', async () => {
  await using bench = await workbench();
  const { roomId, eventId } = bench;
  const at = `/rooms/${encodeURIComponent(roomId)}/report`;
  await bench.report('bob', at, { reason: 'rude' });
  await bench.report('alice', `${at}/${encodeURIComponent(eventId)}`, { score: -100 });
  await bench.report('alice', '/users/@bob:example.org/report', { reason: '' });
  const read = `SELECT reporter, room_id, event_id, user_id, reason, reported_ms
    FROM report ORDER BY report_id`;
  const nothing = { room_id: null, event_id: null, user_id: null, reason: '' };
  const at_ms = { reported_ms: bench.api.clock.ms };
  expect(await bench.api.fresh.database.query('reports', read)).toEqual([
    { ...nothing, ...at_ms, reporter: '@bob:example.org', room_id: roomId, reason: 'rude' },
    { ...nothing, ...at_ms, reporter: '@alice:example.org', room_id: roomId, event_id: eventId },
    { ...nothing, ...at_ms, reporter: '@alice:example.org', user_id: '@bob:example.org' },
  ]);
});

test('an event is reported by members of its room only, and a room only if it is there', async () => {
  await using bench = await workbench();
  const at = `/rooms/${encodeURIComponent(bench.roomId)}/report`;
  const refused = [
    ['bob', `${at}/${encodeURIComponent(bench.eventId)}`],
    ['alice', `${at}/$nobodys`],
    ['alice', '/rooms/!nobodys:example.org/report'],
  ] as const;
  for (const [who, path] of refused) {
    const { status, body } = await bench.tryReport(who, path, { reason: 'rude' });
    expect([path, status, body.errcode]).toEqual([path, 404, 'M_NOT_FOUND']);
  }
  for (const body of [{}, { reason: 1 }, { reason: 'x'.repeat(10_001) }, { reason: '\0' }]) {
    const { status } = await bench.tryReport('alice', at, body);
    expect(status).toBe(400);
  }
  expect(await bench.api.fresh.database.query('reports', 'SELECT 1 FROM report')).toEqual([]);
});

async function workbench() {
  const api = await startApi();
  const tokens = { alice: await api.register('alice'), bob: await api.register('bob') };
  const token = tokens.alice;
  const { body: room } = await api.ask('POST /createRoom', { token, body: {} });
  const roomId = room.room_id as string;
  const send = `PUT /rooms/${encodeURIComponent(roomId)}/send/m.room.message/t`;
  const { body: sent } = await api.ask(send, { token, body: { body: 'hello' } });
  const tryReport = (who: 'alice' | 'bob', path: string, body: object) =>
    api.ask(`POST ${path}`, { token: tokens[who], body });
  return {
    ...{ api, roomId, tryReport, eventId: sent.event_id as string },
    async report(...wish: Parameters<typeof tryReport>) {
      expect(await tryReport(...wish)).toEqual({ status: 200, body: {} });
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}
