import type { IncomingMessage, ServerResponse } from 'node:http';
import { json as bodyOf } from 'node:stream/consumers';
import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { startFederating } from '../../../test/support/federating.ts';
import { bodiesOf, type Person, personAt } from '../../../test/support/two-servers.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { addSignature, signingKeyFromSeed } from '../../protocol/signatures.ts';
import { parseXMatrix } from '../../protocol/x-matrix.ts';

const key = signingKeyFromSeed('ed25519:policy_server', Buffer.alloc(32, 5));
const SPAM = { errcode: 'M_FORBIDDEN', error: 'The message appears to be spam' };

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

test('three servers see what the policy server of their room has signed, and what it refuses nobody', async () => {
  const { alice, bob, carol, roomId, asked } = await guarded();
  await alice.say(roomId, 'hello');
  await bob.say(roomId, 'hi');
  for (const each of [alice, bob, carol])
    await expect.poll(async () => (await bodiesIn(each, roomId)).sort()).toEqual(['hello', 'hi']);
  // Who sends it asks; whoever hears of it finds it signed.
  const said = () => asked.filter(({ body }) => body !== undefined);
  expect(said()).toEqual([
    { origin: alice.server.name, body: 'hello' },
    { origin: bob.server.name, body: 'hi' },
  ]);
  const path = `PUT /rooms/${encodeURIComponent(roomId)}/send/m.room.message/once`;
  const send = (body: string) =>
    bob.server.ask(path, { token: bob.token, body: { msgtype: 'm.text', body } });
  expect(await send('spam')).toMatchObject({ status: 400, body: SPAM });
  await alice.say(roomId, 'quiet');
  for (const each of [alice, bob, carol])
    await expect
      .poll(async () => (await bodiesIn(each, roomId)).sort())
      .toEqual(['hello', 'hi', 'quiet']);
});

test('a request that comes again after its answer was lost sends one event', async () => {
  const { alice, roomId, asked } = await guarded();
  const path = `PUT /rooms/${encodeURIComponent(roomId)}/send/m.room.message/once`;
  const ask = { token: alice.token, body: { msgtype: 'm.text', body: 'once' } };
  const [first, again] = [await alice.server.ask(path, ask), await alice.server.ask(path, ask)];
  expect(again).toMatchObject({ status: 200, body: first.body });
  expect(await bodiesIn(alice, roomId)).toEqual(['once']);
  expect(asked.filter(({ body }) => body === 'once')).toHaveLength(1);
  const event = (await alice.joined(roomId))!.timeline.events.at(-1)!;
  expect(event.unsigned).toMatchObject({ transaction_id: 'once' });
});

test('joining, inviting and redacting are seen by it as well', async () => {
  const { alice, bob, roomId, asked } = await guarded();
  const { event_id } = await alice.say(roomId, 'hello');
  const dora = await personAt(bob.server, 'dora');
  await alice.post(`/rooms/${encodeURIComponent(roomId)}/invite`, { user_id: dora.userId });
  expect((await dora.join(roomId, alice.server)).status).toBe(200);
  await alice.put(`/rooms/${encodeURIComponent(roomId)}/redact/${event_id}/r`, {});
  const types = asked.map(({ type }) => type);
  expect(types.filter((type) => type === 'm.room.member').length).toBeGreaterThanOrEqual(2);
  expect(types).toContain('m.room.redaction');
  const redacted = async (each: Person) =>
    (await each.joined(roomId))?.timeline.events.find((one) => one.event_id === event_id)?.content;
  for (const each of [alice, bob]) await expect.poll(() => redacted(each)).toEqual({});
});

/** A room of alice's in which bob and carol of two other servers are; beside carol's is the policy server of the room. */
async function guarded() {
  const asked: { origin: string; type?: unknown; body: unknown }[] = [];
  const answered = async (request: IncomingMessage, response: ServerResponse) => {
    const pdu = (await bodyOf(request)) as JsonObject;
    const { origin } = parseXMatrix(request.headers.authorization!)!;
    const body = (pdu.content as JsonObject).body;
    asked.push({ origin, ...(body === undefined && { type: pdu.type }), body });
    response.writeHead(body === 'spam' ? 400 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body === 'spam' ? SPAM : signaturesOf(pdu, guard.name)));
  };
  const guard = await startFederating(authority, {
    beside(request, response) {
      if (request.url !== '/_matrix/policy/v1/sign') return false;
      void answered(request, response);
      return true;
    },
  });
  const [here, there] = [await startFederating(authority), await startFederating(authority)];
  const [alice, bob] = [await personAt(here, 'alice'), await personAt(there, 'bob')];
  const carol = await personAt(guard, 'carol');
  const roomId = await alice.createRoom();
  for (const each of [bob, carol]) expect((await each.join(roomId, alice.server)).status).toBe(200);
  const content = { via: guard.name, public_keys: { ed25519: key.publicKey } };
  await alice.put(`/rooms/${encodeURIComponent(roomId)}/state/m.room.policy`, content);
  // Bob's server asks from when it knows.
  const knows = () => bob.get(`/rooms/${encodeURIComponent(roomId)}/state/m.room.policy`);
  await expect.poll(knows).toEqual(content);
  asked.length = 0;
  return { alice, bob, carol, roomId, asked };
}

/** What alone it answers. */
function signaturesOf(pdu: JsonObject, name: string): JsonObject {
  const { signatures } = addSignature(pdu, rulesOf('12')!, name, key);
  const own = (signatures as JsonObject)[name] as JsonObject;
  return { [name]: { [key.keyId]: own[key.keyId]! } };
}

const bodiesIn = async (person: Person, roomId: RoomId) =>
  bodiesOf((await person.joined(roomId))!.timeline.events);
