import { expect, test } from 'vitest';
import { type ApiServer, startApi } from '../../../test/support/api-server.ts';
import { type FreshDatabase, freshDatabase } from '../../../test/support/postgres.ts';
import { RelationFill } from '../../storage/rooms/relation-fill.ts';

test('rooms from before there was a table of relations are read alike, before it is filled and behind that', async () => {
  await using fresh = await freshDatabase();
  let told: unknown;
  let asked: Asked;
  {
    await using api = await startApi({ fresh });
    asked = await talk(api);
    told = await tellAll(api, asked);
  }
  await asFromBefore(fresh);
  const fill = await RelationFill.open(fresh.url);
  const relationsReady = (roomNids: readonly number[]) => fill.ofRooms(roomNids);
  {
    await using api = await startApi({ fresh, relationsReady });
    expect(await tellAll(api, asked)).toEqual(told);
    const { token, redacts, roomId } = asked;
    await api.ask(`PUT /rooms/${roomId}/redact/${redacts}/1`, { token, body: {} });
    await fill.ofAll();
    told = await tellAll(api, asked);
  }
  await using api = await startApi({ fresh });
  expect(await tellAll(api, asked)).toEqual(told);
});

interface Asked {
  readonly token: string;
  readonly roomId: string;
  readonly root: string;
  /** In a thread: with it the thread's end goes. */
  readonly redacts: string;
}

async function talk(api: ApiServer): Promise<Asked> {
  const token = await api.register('alice');
  const { room_id: roomId } = (await api.ask('POST /createRoom', { token, body: {} })).body;
  let count = 0;
  const say = async (content: object) => {
    const path = `PUT /rooms/${roomId}/send/m.room.message/${count++}`;
    return (await api.ask(path, { token, body: { msgtype: 'm.text', body: 'x', ...content } })).body
      .event_id as string;
  };
  const root = await say({});
  const to = (rel_type: string) => ({ 'm.relates_to': { rel_type, event_id: root } });
  await say(to('m.thread'));
  await say({ 'm.new_content': { body: 'edited' }, ...to('m.replace') });
  await say(to('m.reference'));
  const redacts = await say(to('m.thread'));
  return { token, roomId, root, redacts };
}

/** All places where one is told what relates to an event. */
async function tellAll(api: ApiServer, { token, roomId, root }: Asked) {
  const answers = [];
  for (const path of [
    `/_matrix/client/v1/rooms/${roomId}/relations/${root}`,
    `/_matrix/client/v1/rooms/${roomId}/threads`,
    `/_matrix/client/v3/rooms/${roomId}/event/${root}`,
    `/_matrix/client/v3/rooms/${roomId}/messages?dir=b`,
    `/_matrix/client/v3/sync`,
  ])
    answers.push((await api.ask(`GET ${path}`, { token })).body);
  return JSON.parse(JSON.stringify(answers, (key, value) => (VARIES.has(key) ? undefined : value)));
}

/** By the clock, and by who is the writer. */
const VARIES = new Set(['age', 'next_batch', 'prev_batch', 'start', 'end', 'presence']);

async function asFromBefore({ database }: FreshDatabase) {
  await database.query('t1', 'DELETE FROM relation');
  await database.query('t2', 'DELETE FROM thread');
  await database.query('t3', 'INSERT INTO relation_fill SELECT 0, max(room_nid) FROM room');
}
