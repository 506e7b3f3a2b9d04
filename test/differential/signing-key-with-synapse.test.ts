import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../server/protocol/json.ts';
import { besideSynapse, seen } from '../support/beside-synapse.ts';
import { aSecret } from '../support/house.ts';
import { bodiesOf } from '../support/two-servers.ts';
import { findSynapse } from './peer.ts';

const KEY = '/_farol/admin/v1/signing_key';
const python = findSynapse();
const enc = encodeURIComponent;

describe.skipIf(python === undefined)('with Synapse', () => {
  const both = besideSynapse(python, { sealedBy: aSecret });

  test('it verifies what we signed before our key was changed, and what we sign after, as does whoever has heard of both', async () => {
    const { alice, bob, ours } = both();
    const token = await ours.register('root', 'DESK', { admin: true });
    const change = async () => {
      const instead_of = (await ours.ask(`GET ${KEY}`, { token })).body.key_id;
      expect((await ours.ask(`POST ${KEY}`, { token, body: { instead_of } })).status).toBe(200);
    };
    const bobSees = async (roomId: string) => {
      const { chunk } = await bob.ask(`GET /rooms/${enc(roomId)}/messages?dir=b&limit=50`);
      return bodiesOf(chunk as JsonObject[]);
    };
    // It has heard of no key of ours yet.
    const roomId = await alice.createRoom();
    await alice.say(roomId, 'before');
    await change();
    await bob.join(roomId, ours);
    await seen(() => bobSees(roomId), ['before']);
    await alice.say(roomId, 'after');
    await seen(() => bobSees(roomId), ['after', 'before']);
    await change();
    await alice.say(roomId, 'after another');
    await seen(() => bobSees(roomId), ['after another', 'after', 'before']);
    await bob.say(roomId, 'heard');
    await seen(async () => bodiesOf((await alice.joined(roomId))!.timeline.events).at(-1), 'heard');
  }, 120_000);
});
