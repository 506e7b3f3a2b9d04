import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../server/protocol/json.ts';
import { parseServerKeys } from '../../server/protocol/server-keys.ts';
import { type Authority, certificateAuthority } from '../support/certificates.ts';
import { type FederatingServer, federating } from '../support/federating.ts';
import { findSynapse } from './peer.ts';
import { type SynapseServer, startSynapse } from './synapse-server.ts';

/** What servers ask each other, between ours and a whole Synapse over TLS, both ways. */
const python = findSynapse();
if (python === undefined)
  console.warn('Left out: federation with Synapse. `pip install matrix-synapse` brings it.');

describe.skipIf(python === undefined)('with Synapse', () => {
  let authority: Authority;
  let synapse: SynapseServer;
  let ours: FederatingServer;
  beforeAll(async () => {
    authority = await certificateAuthority();
    synapse = await startSynapse(python!, authority);
    ours = await federating(authority);
    // Theirs is the machine's, and its keys hold for a day.
    ours.clock.ms = Date.now();
  });
  afterAll(async () => {
    await ours?.[Symbol.asyncDispose]();
    await synapse?.[Symbol.asyncDispose]();
  });

  const asked = (path: string, content?: JsonObject) =>
    ours.features.federationClient.ask(synapse.name as never, {
      ...{ method: content ? 'POST' : 'GET', path: `/_matrix/federation/v1${path}` },
      ...(content && { content }),
    });

  test('it learns of our users, aliases, published rooms and devices', async () => {
    const token = await ours.register('alice', 'PHONE');
    const bob = await synapse.register('bob');
    const alice = `@alice:${ours.name}`;
    await ours.ask(`PUT /profile/${alice}/displayname`, { token, body: { displayname: 'Alice' } });
    const room = { preset: 'public_chat', room_alias_name: 'pub', visibility: 'public' };
    const { room_id } = (await ours.ask('POST /createRoom', { token, body: room })).body;
    const client = '/_matrix/client/v3';
    const options = { token: bob };
    expect(await synapse.ask(`GET ${client}/profile/${alice}`, options)).toMatchObject({
      displayname: 'Alice',
    });
    const alias = encodeURIComponent(`#pub:${ours.name}`);
    expect(await synapse.ask(`GET ${client}/directory/room/${alias}`, options)).toMatchObject({
      ...{ room_id, servers: [ours.name] },
    });
    const listed = await synapse.ask(`GET ${client}/publicRooms?server=${ours.name}`, options);
    expect(listed.chunk).toMatchObject([{ room_id }]);
    const keys = await synapse.ask(`POST ${client}/keys/query`, {
      ...{ token: bob, body: { device_keys: { [alice]: [] } } },
    });
    expect(keys).toMatchObject({ failures: {} });
  });

  test('we learn of its users, aliases and published rooms', async () => {
    const token = await synapse.register('carol');
    const carol = `@carol:${synapse.name}`;
    await synapse.ask(`PUT /_matrix/client/v3/profile/${carol}/displayname`, {
      ...{ token, body: { displayname: 'Carol' } },
    });
    const body = { preset: 'public_chat', room_alias_name: 'theirs' };
    const { room_id } = await synapse.ask('POST /_matrix/client/v3/createRoom', { token, body });
    expect(await asked(`/query/profile?user_id=${carol}`)).toMatchObject({ displayname: 'Carol' });
    const alias = encodeURIComponent(`#theirs:${synapse.name}`);
    expect(await asked(`/query/directory?room_alias=${alias}`)).toMatchObject({ room_id });
    expect(await asked('/publicRooms', { limit: 10 })).toMatchObject({ chunk: [] });
    expect(await asked('/user/keys/query', { device_keys: { [carol]: [] } })).toMatchObject({
      device_keys: { [carol]: {} },
    });
  });

  test('each vouches for the other’s keys', async () => {
    const { body } = await ours.ask(`GET /_matrix/key/v2/query/${synapse.name}`);
    const [theirs] = body.server_keys as JsonObject[];
    expect(typeof parseServerKeys(theirs!, synapse.name as never)).toBe('object');
    const vouched = await synapse.ask(`GET /_matrix/key/v2/query/${ours.name}`);
    const [own] = vouched.server_keys as JsonObject[];
    expect(typeof parseServerKeys(own!, ours.name)).toBe('object');
  });
});
