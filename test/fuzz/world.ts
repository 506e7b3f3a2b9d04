import { createHmac, randomUUID } from 'node:crypto';
import type { JsonObject, JsonValue } from '../../server/protocol/json.ts';
import { deviceKey, deviceKeys } from '../support/cross-signing.ts';
import type { FuzzClient } from './client.ts';

/** In place of the token of whoever asks: it may change on the way. */
export const OWN_TOKEN = 'own';

/** An application service that is let in. */
export const SERVICE = { id: 'fuzz', asToken: 'fuzz-as-token', hsToken: 'fuzz-hs-token' };

export interface Person {
  readonly userId: string;
  readonly deviceId: string;
  readonly token: string;
  readonly password: string;
}

/** What is there: two people in a room, and the values by which requests name things. */
export interface World {
  readonly alice: Person;
  readonly bob: Person;
  readonly roomId: string;
  /** By the name of the parameter or field. The first that the schema takes is used. */
  readonly named: Readonly<Record<string, readonly JsonValue[]>>;
  /** Tried where no name fits. */
  readonly anything: readonly JsonValue[];
}

/** An administrator, so that all is theirs to call. */
export async function makePerson(client: FuzzClient): Promise<Person> {
  const username = `u${randomUUID().slice(0, 13)}`;
  const password = 'correct horse battery staple';
  const at = '/_synapse/admin/v1/register';
  const nonce = (await client.json('GET', at)).nonce as string;
  const proved = [nonce, username, password, 'admin'].join('\0');
  const mac = createHmac('sha1', 'fuzz').update(proved).digest('hex');
  const body = { nonce, username, password, admin: true, mac };
  const answer = await client.json('POST', at, { body });
  const [userId, deviceId] = [answer.user_id as string, answer.device_id as string];
  return { userId, deviceId, token: answer.access_token as string, password };
}

/** A new room of the two, with a message in it. */
export async function makeWorld(client: FuzzClient, alice: Person, bob: Person): Promise<World> {
  const as = ({ token }: Person) => ({ token });
  const created = await client.json('POST', '/_matrix/client/v3/createRoom', {
    ...as(alice),
    body: { preset: 'public_chat', invite: [bob.userId] },
  });
  const roomId = created.room_id as string;
  const room = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}`;
  await client.json('POST', `${room}/join`, { ...as(bob), body: {} });
  const sent = await client.json('PUT', `${room}/send/m.room.message/${randomUUID()}`, {
    ...as(alice),
    body: { msgtype: 'm.text', body: 'hello' },
  });
  const synced = await client.json('GET', '/_matrix/client/v3/sync', as(alice));
  await client.json('POST', '/_matrix/client/v3/room_keys/version', {
    ...as(alice),
    body: { algorithm: 'm.megolm_backup.v1.curve25519-aes-sha2', auth_data: {} },
  });
  const asked = await client.ask({
    ...{ method: 'POST', path: '/_matrix/client/v3/register' },
    body: JSON.stringify({ username: `p${randomUUID().slice(0, 13)}` }),
  });
  const { session } = JSON.parse(asked.text) as { session: string };
  const file = await client.json('POST', '/_matrix/media/v3/upload?filename=a.txt', {
    ...as(alice),
    body: { some: 'bytes' },
  });
  const names = {
    session,
    roomId,
    mediaId: (file.content_uri as string).split('/').at(-1)!,
    eventId: sent.event_id as string,
    since: synced.next_batch as string,
  };
  return { alice, bob, roomId, named: namesOf(alice, bob, names), anything: anythingOf(roomId) };
}

function namesOf(
  alice: Person,
  bob: Person,
  {
    session,
    roomId,
    mediaId,
    eventId,
    since,
  }: Record<'session' | 'roomId' | 'mediaId' | 'eventId' | 'since', string>,
): World['named'] {
  const keys = deviceKeys(alice.userId, alice.deviceId, deviceKey(alice.deviceId, 7));
  const oneTimeKey = { 'signed_curve25519:AAAA': { key: 'x', signatures: {} } };
  const content = interestingContent(bob.userId, roomId, eventId);
  const quality = { first_message_index: 1, forwarded_count: 0, is_verified: false };
  const sessions = { session: { ...quality, session_data: { ciphertext: 'x' } } };
  return {
    ...{ roomId: [roomId], room_id: [roomId], eventId: [eventId], userId: [alice.userId] },
    ...{ user_id: [bob.userId], deviceId: [alice.deviceId], device_id: ['FUZZED'] },
    ...{ invite: [bob.userId], senders: [bob.userId] },
    ...{ rooms: [roomId, { [roomId]: { sessions } }], sessions: [sessions], version: ['1'] },
    ...{ eventType: ['m.room.message'], type: ['m.login.password', 'com.example.type'] },
    ...{ authType: ['m.login.dummy'], session: [session], idpId: ['company'], idp: ['company'] },
    ...{ redirectUrl: ['https://app.example.org/?a=b'], form_token: ['x'], state: ['x'] },
    ...{ receiptType: ['m.read'], keyName: ['displayname'], ruleId: ['rule'], tag: ['u.tag'] },
    ...{ roomIdOrAlias: [roomId], roomAlias: ['#fuzz:example.org'], since: [since] },
    ...{ serverName: ['example.org'], mediaId: [mediaId], fileName: ['a.txt'], timeout_ms: ['0'] },
    // Which it never signed with: else each request would make another.
    ...{ instead_of: ['ed25519:never'] },
    // Before anything was.
    ...{ before_ts: ['100000000000'] },
    ...{ width: ['64'], height: ['48'], animated: ['true'] },
    // Where nobody is asked: the fuzzer must not reach out.
    ...{ url: ['http://10.0.0.1/page'], ts: ['1510610716656'] },
    ...{ from: [since], to: [since], at: [since], limit: ['10', 10], timeout: ['0', 0] },
    ...{ filter: ['{"room":{"timeline":{"limit":5}}}', '{"types":["m.room.message"]}'] },
    ...{ password: [alice.password], new_password: [alice.password], new_version: ['11'] },
    ...{ device_keys: [keys, { [alice.userId]: [alice.deviceId] }] },
    ...{ messages: [{ [bob.userId]: { '*': { secret: 'hush' } } }] },
    one_time_keys: [{ [bob.userId]: { [bob.deviceId]: 'signed_curve25519' } }, oneTimeKey],
    fallback_keys: [oneTimeKey],
    ...{ identifier: [{ type: 'm.id.user', user: alice.userId }], user: [alice.userId] },
    ...{ data: [{ url: 'http://127.0.0.1:9/_matrix/push/v1/notify' }], order: [0.5] },
    ...{ appserviceId: [SERVICE.id], networkId: ['irc'], serverName: ['example.org'] },
    ...{ v: [eventId], event_id: [eventId], ts: ['1'], dir: ['b'] },
    ...{ latest_events: [[eventId]], earliest_events: [[]] },
    server_keys: [{ 'example.org': { 'ed25519:a': { minimum_valid_until_ts: 1 } } }],
    ...{ room_alias_name: ['fuzz'], room_version: ['12'], presence: ['online'] },
    body: [content, { [alice.userId]: { [alice.deviceId]: keys } }],
    content: [content],
  };
}

/** With something in them that can be spoiled: of an object with keys of its own no schema tells. */
const OBJECTS: JsonValue[] = [
  ...[{ x: 'x' }, { x: 1 }, { x: true }, { x: {} }, { x: { x: 'x' } }, { x: ['x'] }],
  ...['x', {}, ['x'], { x: 'x' }].map((inner) => ({ '@bob:example.org': inner })),
];

const anythingOf = (roomId: string): JsonValue[] => [
  ...['x', ...OBJECTS, {}, 1, true, 'true', '10', roomId, '@bob:example.org', '#fuzz:example.org'],
  ...[{ kind: 'event_match', key: 'content.body', pattern: 'hello' }, '$event', 'example.org'],
];

/** Keys that some event, account datum or setting has a meaning for. */
const interestingContent = (userId: string, roomId: string, eventId: string): JsonObject => ({
  ...{ msgtype: 'm.text', body: 'hello', displayname: 'Al', avatar_url: 'mxc://x/y' },
  ...{ membership: 'join', reason: 'because', alias: '#fuzz:example.org', join_rule: 'public' },
  ...{ thread_id: 'main', url: 'http://x', order: 0.5, limit: 5, event_format: 'client' },
  ...{ users: { [userId]: 0 }, events: { 'm.room.name': 50 }, users_default: 0 },
  'm.relates_to': { rel_type: 'm.thread', event_id: eventId },
  'm.mentions': { user_ids: [userId] },
  room: { timeline: { types: ['m.*'], not_senders: [userId] }, rooms: [roomId] },
  ignored_users: { [userId]: {} },
});

/** Others' members must go on seeing each other: what a test may have broken is made anew. */
export async function isWell(client: FuzzClient, { alice, bob, roomId }: World): Promise<boolean> {
  for (const { token } of [alice, bob]) {
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/joined_members`;
    if ((await client.ask({ method: 'GET', path, token })).status !== 200) return false;
  }
  return true;
}
