import { expect, test } from 'vitest';
import { type Reply, startApi } from '../../../test/support/api-server.ts';

const AT = '/_synapse/admin/v1';
const errorOf = ({ status, body }: Reply) => [status, body.errcode];

test('what was said before an event goes for good, from the memory of the server too, and the rest stays', async () => {
  await using house = await openHouse();
  const { api, token, roomId } = house;
  const ids = await house.sayAll(['one', 'two', 'three', 'four']);
  expect(await house.said()).toEqual(['one', 'two', 'three', 'four']);
  const order = await api.ask(`POST ${AT}/purge_history/${roomId}/${ids[2]}`, {
    ...{ token, body: { delete_local_events: true } },
  });
  expect(await house.done(order.body.purge_id)).toEqual({ status: 'complete' });
  expect(await house.said()).toEqual(['three', 'four']);
  const gone = await api.ask(`GET /rooms/${roomId}/event/${ids[0]}`, { token });
  expect(errorOf(gone)).toEqual([404, 'M_NOT_FOUND']);
  expect((await api.ask(`GET /rooms/${roomId}/state/m.room.topic`, { token })).body).toMatchObject({
    topic: 'T',
  });
  await house.sayAll(['five']);
  expect(await house.said()).toEqual(['three', 'four', 'five']);
});

test('what was said before a moment goes, but for the newest, which is the end of the room', async () => {
  await using house = await openHouse();
  const { api, token, roomId } = house;
  await house.sayAll(['one', 'two']);
  const body = { delete_local_events: true, purge_up_to_ts: api.clock.ms + 1 };
  const order = await api.ask(`POST ${AT}/purge_history/${roomId}`, { token, body });
  await house.done(order.body.purge_id);
  expect(await house.said()).toEqual(['two']);
});

test('a redaction goes with what it redacted, also where both are purged at once', async () => {
  await using house = await openHouse();
  const { api, token, roomId } = house;
  const [one] = await house.sayAll(['one']);
  const redaction = await house.redact(one!, 'one was slander');
  const [end] = await house.sayAll(['two']);
  const body = { delete_local_events: true };
  const order = await api.ask(`POST ${AT}/purge_history/${roomId}/${end}`, { token, body });
  await house.done(order.body.purge_id);
  const gone = await api.ask(`GET /rooms/${roomId}/event/${redaction}`, { token });
  expect(errorOf(gone)).toEqual([404, 'M_NOT_FOUND']);
  expect(await house.said()).toEqual(['two']);
});

test('what was redacted and stays is redacted still: a redaction of state, by one of its own', async () => {
  await using house = await openHouse();
  const { api, token, roomId } = house;
  const at = `PUT /rooms/${roomId}/state/m.room.name`;
  const named = (await api.ask(at, { token, body: { name: 'slander' } })).body.event_id;
  const redaction = await house.redact(named, 'it was slander');
  const own = await house.redact(redaction, 'that was slander, too');
  const [end] = await house.sayAll(['two']);
  const body = { delete_local_events: true };
  const order = await api.ask(`POST ${AT}/purge_history/${roomId}/${end}`, { token, body });
  await house.done(order.body.purge_id);
  const shown = await api.ask(`GET /rooms/${roomId}/event/${redaction}`, { token });
  expect(shown.body).toMatchObject({ type: 'm.room.redaction', content: { redacts: named } });
  expect(shown.body.content).not.toHaveProperty('reason');
  expect((await api.ask(`GET /rooms/${roomId}/event/${own}`, { token })).status).toBe(200);
  expect((await api.ask(`GET /rooms/${roomId}/state/m.room.name`, { token })).body).toEqual({});
});

test('people of this server are spared unless it is said otherwise: nobody else has a copy', async () => {
  await using house = await openHouse();
  const { api, token, roomId } = house;
  await house.sayAll(['one', 'two']);
  const body = { purge_up_to_ts: api.clock.ms + 1 };
  const order = await api.ask(`POST ${AT}/purge_history/${roomId}`, { token, body });
  await house.done(order.body.purge_id);
  expect(await house.said()).toEqual(['one', 'two']);
});

test('nothing is purged of a room or up to an event that is not there, nor where nothing says how far', async () => {
  await using house = await openHouse();
  const { api, token, roomId } = house;
  const purge = (at: string, body = {}) =>
    api.ask(`POST ${AT}/purge_history/${at}`, { token, body });
  expect(errorOf(await purge(roomId))).toEqual([400, 'M_BAD_JSON']);
  expect(errorOf(await purge(`${roomId}/$none`))).toEqual([404, 'M_NOT_FOUND']);
  expect(errorOf(await purge('!none:example.org', { purge_up_to_ts: 1 }))).toEqual([
    404,
    'M_NOT_FOUND',
  ]);
  const status = await api.ask(`GET ${AT}/purge_history_status/none`, { token });
  expect(errorOf(status)).toEqual([404, 'M_NOT_FOUND']);
});

async function openHouse() {
  const api = await startApi();
  const token = await api.register('root', 'DESK', { admin: true });
  const body = { topic: 'T' };
  const roomId = (await api.ask('POST /createRoom', { token, body })).body.room_id as string;
  let sent = 0;
  return {
    ...{ api, token, roomId },
    async sayAll(bodies: readonly string[]): Promise<string[]> {
      const ids: string[] = [];
      for (const body of bodies) {
        const at = `PUT /rooms/${roomId}/send/m.room.message/${sent++}`;
        ids.push((await api.ask(at, { token, body: { body } })).body.event_id);
      }
      return ids;
    },
    async redact(eventId: string, reason: string): Promise<string> {
      const at = `PUT /rooms/${roomId}/redact/${eventId}/${sent++}`;
      return (await api.ask(at, { token, body: { reason } })).body.event_id;
    },
    async said(): Promise<string[]> {
      const page = await api.ask(`GET /rooms/${roomId}/messages?dir=f&limit=100`, { token });
      const synced = (await api.ask('GET /sync', { token })).body.rooms.join[roomId];
      const bodies = (events: { content: { body?: string } }[]) =>
        events.flatMap(({ content }) => content.body ?? []);
      expect(bodies(synced.timeline.events)).toEqual(bodies(page.body.chunk));
      return bodies(page.body.chunk);
    },
    async done(purgeId: string) {
      const at = `GET ${AT}/purge_history_status/${purgeId}`;
      const status = async () => (await api.ask(at, { token })).body;
      await expect.poll(async () => (await status()).status).not.toBe('active');
      return status();
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}
