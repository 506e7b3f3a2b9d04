import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { RoomId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import { signJson } from '../../server/protocol/signatures.ts';
import { besideSynapse, seen } from '../support/beside-synapse.ts';
import { crossSigningKeys, deviceKey, deviceKeys } from '../support/cross-signing.ts';
import { findSynapse } from './peer.ts';

/** What passes between ours and a whole Synapse beside events, and what one looks at that is at the other. */
const python = findSynapse();
const enc = encodeURIComponent;

describe.skipIf(python === undefined)('with Synapse', () => {
  const both = besideSynapse(python);
  let roomId: RoomId;
  beforeAll(async () => {
    if (python === undefined) return;
    const { alice, bob, ours } = both();
    roomId = await alice.createRoom();
    await bob.join(roomId, ours);
  });

  test('who types is seen on the other side', async () => {
    const { alice, bob } = both();
    const typing = (userId: string) => `/rooms/${enc(roomId)}/typing/${userId}`;
    await bob.ask(`PUT ${typing(bob.userId)}`, { typing: true, timeout: 30_000 });
    await seen(
      async () => (await ephemeral(await aliceSync(), 'm.typing'))?.user_ids,
      [bob.userId],
    );
    await bob.ask(`PUT ${typing(bob.userId)}`, { typing: false });
    await alice.put(typing(alice.userId), { typing: true, timeout: 30_000 });
    await seen(
      async () => (await ephemeral(await bobSync(), 'm.typing'))?.user_ids,
      [alice.userId],
    );
  });

  test('what was read is seen on the other side', async () => {
    const { alice, bob } = both();
    const { event_id: ours } = await alice.say(roomId, 'read this');
    const readers = (of: JsonObject | undefined, eventId: string) =>
      Object.keys(((of?.[eventId] as JsonObject)?.['m.read'] as JsonObject) ?? {});
    const at = `/rooms/${enc(roomId)}`;
    await vi.waitFor(() => bob.ask(`GET ${at}/event/${enc(ours as string)}`));
    await bob.ask(`POST ${at}/receipt/m.read/${enc(ours as string)}`, {});
    await seen(
      async () => readers(await ephemeral(await aliceSync(), 'm.receipt'), ours as string),
      [bob.userId],
    );
    const theirs = await bob.say(roomId, 'and this');
    await vi.waitFor(async () => {
      const at = `/rooms/${enc(roomId)}/receipt/m.read/${enc(theirs)}`;
      expect((await alice.post(at)).status).toBe(200);
    });
    await seen(
      async () => readers(await ephemeral(await bobSync(), 'm.receipt'), theirs),
      [alice.userId],
    );
  });

  test('who is there is seen on the other side', async () => {
    const { alice, bob } = both();
    await bob.ask(`PUT /presence/${bob.userId}/status`, { presence: 'online', status_msg: 'here' });
    const stateOf = async (sync: JsonObject, userId: string) => {
      const events = ((sync.presence as JsonObject)?.events ?? []) as JsonObject[];
      const found = events.findLast(({ sender }) => sender === userId);
      return (found?.content as JsonObject | undefined)?.status_msg;
    };
    await seen(async () => stateOf(await aliceSync(), bob.userId), 'here');
    await alice.put(`/presence/${alice.userId}/status`, {
      presence: 'online',
      status_msg: 'there',
    });
    await seen(async () => stateOf(await bobSync(), alice.userId), 'there');
  });

  test('devices and their keys are known on the other side, and that they changed', async () => {
    const { alice, bob } = both();
    const at = { alice: (await aliceSync()).next_batch, bob: (await bobSync()).next_batch };
    const bobs = keysOf(bob.userId, await bob.ask('GET /account/whoami'), 1);
    await bob.ask('POST /keys/upload', { device_keys: bobs });
    const alices = keysOf(alice.userId, await alice.get('/account/whoami'), 2);
    await alice.post('/keys/upload', { device_keys: alices });
    const changed = (sync: JsonObject) =>
      (sync.device_lists as JsonObject | undefined)?.changed ?? [];
    await vi.waitFor(async () => expect(changed(await aliceSync(at.alice))).toContain(bob.userId));
    await vi.waitFor(async () => expect(changed(await bobSync(at.bob))).toContain(alice.userId));
    const query = (userId: string) => ({ device_keys: { [userId]: [] } });
    const known = async (answer: JsonObject, { user_id, device_id }: JsonObject) => {
      const ofUser = (answer.device_keys as Record<string, JsonObject>)[user_id as string];
      return (ofUser?.[device_id as string] as JsonObject | undefined)?.keys;
    };
    await seen(
      async () => known((await alice.post('/keys/query', query(bob.userId))).body, bobs),
      bobs.keys,
    );
    await seen(
      async () => known(await bob.ask('POST /keys/query', query(alice.userId)), alices),
      alices.keys,
    );
  });

  test('keys are claimed, and messages to a device arrive, on the other side', async () => {
    const { alice, bob } = both();
    const bobs = (await bob.ask('GET /account/whoami')).device_id as string;
    const alices = (await alice.get('/account/whoami')).device_id as string;
    const algorithm = 'signed_curve25519';
    const signatures = { [bob.userId]: { 'ed25519:A': 'of whoever' } };
    const keys = (key: string) => ({
      one_time_keys: { [`${algorithm}:AAAAAA`]: { key, signatures } },
    });
    await bob.ask('POST /keys/upload', keys('of bob'));
    await alice.post('/keys/upload', keys('of alice'));
    const wish = (userId: string, deviceId: string) => ({
      one_time_keys: { [userId]: { [deviceId]: algorithm } },
    });
    const claimed = (await alice.post('/keys/claim', wish(bob.userId, bobs))).body;
    expect(claimed.one_time_keys).toMatchObject({
      [bob.userId]: { [bobs]: { [`${algorithm}:AAAAAA`]: { key: 'of bob' } } },
    });
    expect(
      (await bob.ask('POST /keys/claim', wish(alice.userId, alices))).one_time_keys,
    ).toMatchObject({
      [alice.userId]: { [alices]: { [`${algorithm}:AAAAAA`]: { key: 'of alice' } } },
    });
    const letter = (userId: string, device: string, body: string) => ({
      messages: { [userId]: { [device]: { body } } },
    });
    await alice.put('/sendToDevice/org.example.letter/1', letter(bob.userId, bobs, 'to bob'));
    await bob.ask(
      'PUT /sendToDevice/org.example.letter/1',
      letter(alice.userId, alices, 'to alice'),
    );
    const letters = (sync: JsonObject) =>
      (((sync.to_device as JsonObject)?.events ?? []) as JsonObject[]).map(
        ({ content }) => content,
      );
    await seen(async () => letters(await bobSync()), [{ body: 'to bob' }]);
    await seen(async () => letters(await aliceSync()), [{ body: 'to alice' }]);
  });

  test('whom we have verified there is kept, and who they are is known on both sides', async () => {
    const { alice, bob } = both();
    const [own, theirs] = [crossSigningKeys(alice.userId, 40), crossSigningKeys(bob.userId, 50)];
    await alice.post('/keys/device_signing/upload', own.upload as never);
    await bob.ask('POST /keys/device_signing/upload', theirs.upload as never);
    const masters = (answer: JsonObject, userId: string) =>
      ((answer.master_keys as JsonObject)[userId] as JsonObject | undefined)?.keys;
    const query = (userId: string) => ({ device_keys: { [userId]: [] } });
    await seen(
      async () => masters(await bob.ask('POST /keys/query', query(alice.userId)), alice.userId),
      own.upload.master_key.keys,
    );
    const aliceQueries = async () => (await alice.post('/keys/query', query(bob.userId))).body;
    await seen(
      async () => masters(await aliceQueries(), bob.userId),
      theirs.upload.master_key.keys,
    );
    const { publicKey } = theirs.master;
    const signed = signJson(theirs.upload.master_key, alice.userId, own.userSigning);
    const asked = { [bob.userId]: { [publicKey]: signed } };
    expect((await alice.post('/keys/signatures/upload', asked)).body).toEqual({ failures: {} });
    const known = (await aliceQueries()).master_keys as Record<string, JsonObject>;
    expect(known[bob.userId]!.signatures).toMatchObject(signed.signatures as JsonObject);
  });

  test('profiles are seen on the other side', async () => {
    const { alice, bob, ours } = both();
    await bob.ask(`PUT /profile/${bob.userId}/displayname`, { displayname: 'Bob there' });
    await alice.put(`/profile/${alice.userId}/displayname`, { displayname: 'Alice here' });
    const told = await ours.ask(`GET /profile/${bob.userId}`);
    expect(told).toMatchObject({ status: 200, body: { displayname: 'Bob there' } });
    expect((await bob.ask(`GET /profile/${alice.userId}`)).displayname).toBe('Alice here');
  });

  test('published rooms and aliases are found on the other side', async () => {
    const { alice, bob, synapse, ours } = both();
    const published = { visibility: 'public', room_alias_name: 'hall' } as const;
    const theirs = await bob.createRoom({ ...published, name: 'Their hall' });
    const own = await alice.createRoom({ ...published, name: 'Our hall' });
    const names = ({ chunk }: JsonObject) => (chunk as JsonObject[]).map(({ name }) => name);
    const { body } = await ours.ask(`GET /publicRooms?server=${synapse.name}`);
    expect(names(body)).toEqual(['Their hall']);
    const filter = { generic_search_term: 'hall' };
    const found = await alice.post(`/publicRooms?server=${synapse.name}`, { filter });
    expect(names(found.body)).toEqual(['Their hall']);
    expect(names(await bob.ask(`GET /publicRooms?server=${ours.name}`))).toEqual(['Our hall']);
    expect(names(await bob.ask(`POST /publicRooms?server=${ours.name}`, { filter }))).toEqual([
      'Our hall',
    ]);
    const at = (name: string) => `GET /directory/room/${enc(`#hall:${name}`)}`;
    expect((await ours.ask(at(synapse.name))).body.room_id).toBe(theirs);
    expect((await bob.ask(at(ours.name))).room_id).toBe(own);
  });

  test('a space shows what the other side has of it', async () => {
    const { alice, bob, synapse, ours } = both();
    const space = { creation_content: { type: 'm.space' } };
    const [theirs, own] = [
      await bob.createRoom({ ...space, name: 'Their space' }),
      await alice.createRoom({ ...space, name: 'Our space' }),
    ];
    const [theirRoom, ourRoom] = [
      await bob.createRoom({ name: 'Their room' }),
      await alice.createRoom({ name: 'Our room' }),
    ];
    const child = (parent: string, room: string) =>
      `/rooms/${enc(parent)}/state/m.space.child/${enc(room)}`;
    const [viaThem, viaUs] = [{ via: [synapse.name] }, { via: [ours.name] }];
    await bob.ask(`PUT ${child(theirs, theirRoom)}`, viaThem);
    await bob.ask(`PUT ${child(theirs, ourRoom)}`, viaUs);
    await alice.put(child(own, theirs), viaThem);
    await alice.put(child(own, ourRoom), viaUs);
    const names = ({ rooms }: JsonObject) => (rooms as JsonObject[]).map(({ name }) => name).sort();
    const tree = (roomId: string) => `/_matrix/client/v1/rooms/${enc(roomId)}/hierarchy`;
    expect(names(await alice.get(tree(own)))).toEqual([
      'Our room',
      'Our space',
      'Their room',
      'Their space',
    ]);
    expect(names(await bob.ask(`GET ${tree(theirs)}`))).toEqual([
      'Our room',
      'Their room',
      'Their space',
    ]);
  });

  const aliceSync = (since?: unknown) => both().alice.get(`/sync?timeout=0${after(since)}`);
  const bobSync = (since?: unknown) => both().bob.ask(`GET /sync?timeout=0${after(since)}`);
  const after = (since: unknown) => (typeof since === 'string' ? `&since=${enc(since)}` : '');

  async function ephemeral(sync: JsonObject, wanted: string): Promise<JsonObject | undefined> {
    const joined = (sync.rooms as JsonObject | undefined)?.join as JsonObject | undefined;
    const room = joined?.[roomId] as { ephemeral?: { events: JsonObject[] } } | undefined;
    return room?.ephemeral?.events.find(({ type }) => type === wanted)?.content as JsonObject;
  }
});

const keysOf = (userId: string, { device_id }: JsonObject, number: number) =>
  deviceKeys(userId, device_id as string, deviceKey(device_id as string, number));
