import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { RoomServers } from '../../server/federation/membership/room-servers.ts';
import type { RoomId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import { besideSynapse, seen } from '../support/beside-synapse.ts';
import { bodiesOf } from '../support/two-servers.ts';
import { findSynapse } from './peer.ts';

/** Rooms of a whole Synapse of which ours is told the members behind the join (`federation.fasterJoins`). */
const python = findSynapse();
const enc = encodeURIComponent;
const VERSIONS = ['1', '6', '10', '11', '12'];
const OTHERS = 10;

describe.skipIf(python === undefined)('with Synapse', () => {
  const both = besideSynapse(python, { fasterJoins: 'always' });

  test.each(VERSIONS)(
    'a room of it is used before its members are here, and what is said meanwhile is there on both sides (version %s)',
    async (version) => {
      const { alice, bob, synapse } = both();
      const roomId = await bob.createRoom({ room_version: version });
      await fill(roomId, version);
      await bob.say(roomId, 'before');
      const state = held();
      expect((await alice.join(roomId, synapse)).status).toBe(200);
      await state.asked;
      expect(await isPartial(roomId)).toBe(true);
      await alice.say(roomId, 'early');
      await seen(() => saidAtSynapse(roomId), ['before', 'early']);
      await bob.say(roomId, 'while');
      await seen(() => heldOf(roomId), 1);
      state.letGo();
      await seen(() => isPartial(roomId), false);
      await seen(() => heldOf(roomId), 0);
      const path = `/rooms/${enc(roomId)}/joined_members`;
      const [here, there] = [await alice.get(path), await bob.ask(`GET ${path}`)];
      const namesOf = ({ joined }: JsonObject) => Object.keys(joined as JsonObject).sort();
      expect(namesOf(here)).toEqual(namesOf(there));
      expect(namesOf(here)).toHaveLength(OTHERS + 2);
      await bob.say(roomId, 'behind');
      const all = ['before', 'early', 'while', 'behind'];
      await seen(() => saidHere(roomId), all);
      expect(await saidAtSynapse(roomId)).toEqual(all);
    },
  );

  /** Others of Synapse come in. */
  async function fill(roomId: RoomId, version: string): Promise<void> {
    const { synapse } = both();
    for (let n = 0; n < OTHERS; n += 1) {
      const token = await synapse.register(`other${n}of${version}`);
      await synapse.ask(`POST /_matrix/client/v3/join/${enc(roomId)}`, { token, body: {} });
    }
  }

  async function isPartial(roomId: RoomId): Promise<boolean> {
    const [row] = await both().ours.fresh.database.query<{ isPartial: boolean }>(
      'is_partial',
      `SELECT whole_at IS NULL AS "isPartial" FROM partial_join JOIN room USING (room_nid)
       WHERE room_id = $1`,
      [roomId],
    );
    return row!.isPartial;
  }

  async function heldOf(roomId: RoomId): Promise<number> {
    const rows = await both().ours.fresh.database.query(
      'held_of',
      'SELECT 1 FROM held_pdu JOIN room USING (room_nid) WHERE room_id = $1',
      [roomId],
    );
    return rows.length;
  }

  async function saidHere(roomId: RoomId): Promise<unknown[]> {
    const page = await both().alice.get(`/rooms/${enc(roomId)}/messages?dir=b&limit=20`);
    return bodies(page);
  }

  const saidAtSynapse = async (roomId: RoomId) =>
    bodies(await both().bob.ask(`GET /rooms/${enc(roomId)}/messages?dir=b&limit=20`));
});

const bodies = ({ chunk }: JsonObject): unknown[] => bodiesOf(chunk as JsonObject[]).reverse();

/** The members are asked for, and told only then. */
function held() {
  const { promise: may, resolve: letGo } = Promise.withResolvers<void>();
  const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>();
  const { state } = RoomServers.prototype;
  const spy = vi.spyOn(RoomServers.prototype, 'state').mockImplementation(async function (
    this: RoomServers,
    ...question
  ) {
    isAsked();
    await may;
    return state.apply(this, question);
  });
  onTestFinished(() => {
    letGo();
    spy.mockRestore();
  });
  return { asked, letGo };
}
