import { expect, test } from 'vitest';
import { type ApiServer, startApi } from '../../../test/support/api-server.ts';

test.each([
  ['alice', 'leave', {}],
  ['root', 'kick', { user_id: '@alice:example.org' }],
  ['root', 'ban', { user_id: '@alice:example.org' }],
] as const)(
  'where leaving is forgetting, %s by %s takes the room out of sight, and all of their devices are told',
  async (who, action, body) => {
    await using api = await startApi({ forgetOnLeave: true });
    const { tokens, roomId } = await room(api);
    const { next_batch: since } = (await api.ask('GET /sync', { token: tokens.alice })).body;
    const gone = await api.ask(`POST /rooms/${roomId}/${action}`, { token: tokens[who], body });
    expect(gone.status).toBe(200);
    const sync = await api.ask(`GET /sync?since=${since}`, { token: tokens.alice });
    expect(Object.keys(sync.body.rooms.leave)).toEqual([roomId]);
    expect(sync.body.rooms.leave[roomId].timeline.events.at(-1)).toMatchObject({
      type: 'm.room.member',
      state_key: '@alice:example.org',
    });
    expect(await sees(api, tokens.alice, roomId)).toBe(false);
    await using next = await startApi({ forgetOnLeave: true, fresh: api.fresh });
    expect(await sees(next, tokens.alice, roomId)).toBe(false);
  },
);

test('who comes back to a room that leaving made them forget sees again what they saw', async () => {
  await using api = await startApi({ forgetOnLeave: true });
  const { tokens, roomId } = await room(api);
  await api.ask(`POST /rooms/${roomId}/leave`, { token: tokens.alice, body: {} });
  expect(await sees(api, tokens.alice, roomId)).toBe(false);
  await api.ask(`POST /rooms/${roomId}/join`, { token: tokens.alice, body: {} });
  expect(await sees(api, tokens.alice, roomId)).toBe(true);
});

test.each([true, false])('clients are told whether leaving is forgetting (%s)', async (enabled) => {
  await using api = await startApi({ forgetOnLeave: enabled });
  const { tokens, roomId } = await room(api);
  const { capabilities } = (await api.ask('GET /capabilities', { token: tokens.alice })).body;
  expect(capabilities['m.forget_forced_upon_leave']).toEqual({ enabled });
  await api.ask(`POST /rooms/${roomId}/leave`, { token: tokens.alice, body: {} });
  expect(await sees(api, tokens.alice, roomId)).toBe(!enabled);
});

/** Alice in a room of root's, who has heard what was said there. */
async function room(api: ApiServer) {
  const tokens = { root: await api.register('root'), alice: await api.register('alice') };
  const body = { preset: 'public_chat' };
  const made = await api.ask('POST /createRoom', { token: tokens.root, body });
  const roomId = made.body.room_id as string;
  await api.ask(`POST /rooms/${roomId}/join`, { token: tokens.alice, body: {} });
  return { tokens, roomId };
}

const sees = async (api: ApiServer, token: string, roomId: string) =>
  (await api.ask(`GET /rooms/${roomId}/messages?dir=b`, { token })).status === 200;
