import { createHash } from 'node:crypto';
import { eventIdOf } from '../../../server/protocol/hashes.ts';
import type { EventId, RoomId } from '../../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../../server/protocol/json.ts';
import { rulesOf } from '../../../server/protocol/room-versions.ts';
import { signEvent } from '../../../server/protocol/signatures.ts';
import { type SigningKey, signingKeyFromSeed } from '../../../server/protocol/signing-keys.ts';
import { nameOf } from '../federation-wishes.ts';

export const VERSION = '11';

/** Three of ten servers have gone for good, one here and one there; half of those still take a connection. */
export function fateOf(index: number): 'living' | 'silent' | 'not there' {
  if (index % 10 === 0 || index % 10 > 3) return 'living';
  return (Math.floor(index / 10) + index) % 2 === 0 ? 'silent' : 'not there';
}

/** Each server's key is made of its name. */
export const keyOf = (server: string): SigningKey =>
  signingKeyFromSeed('ed25519:1', createHash('sha256').update(server).digest());

export interface MadeRoom {
  readonly roomId: RoomId;
  /** Each event as JSON, signed by its sender's server. */
  readonly state: readonly string[];
  readonly chain: readonly string[];
  /** By which somebody may come in. */
  readonly joinedBy: readonly EventId[];
  readonly last: EventId;
  readonly depth: number;
}

/**
 * A public room as large ones are: of three state events one is a member, one is somebody who left, whose join stands in the
 * auth chain, and one is somebody who was banned before they came. All of them are spread over the servers; the first
 * server's first user has made the room.
 */
export function madeRoom(members: number, servers: number): MadeRoom {
  const roomId = `!large${members}:${nameOf(0)}` as RoomId;
  const makes = new Maker(roomId);
  const [server, founder] = [nameOf(0), `@founder:${nameOf(0)}`];
  const create = makes.event(server, 'm.room.create', '', founder, [], { room_version: VERSION });
  const own = makes.event(server, 'm.room.member', founder, founder, [create], JOINS);
  const by = { users: { [founder]: 100 }, events_default: 0, state_default: 50 };
  const powers = makes.event(server, 'm.room.power_levels', '', founder, [create, own], by);
  const founds = [create, own, powers];
  const rules = makes.event(server, 'm.room.join_rules', '', founder, founds, PUBLIC);
  makes.event(server, 'm.room.history_visibility', '', founder, founds, SHARED);
  makes.event(server, 'm.room.name', '', founder, founds, { name: 'A large room' });
  const joinedBy = [create, powers, rules];
  for (let index = 0; index < members; index++) {
    const at = nameOf(index % servers);
    makes.member(at, `@member${index}:${at}`, joinedBy, JOINS);
    const gone = `@gone${index}:${at}`;
    const joined = makes.member(at, gone, joinedBy, JOINS);
    makes.replaced(joined);
    makes.member(at, gone, [create, powers, joined], { membership: 'leave' });
    const banned = { membership: 'ban', reason: 'Said the same in four hundred rooms' };
    makes.event(server, 'm.room.member', `@bad${index}:${at}`, founder, founds, banned);
  }
  return { roomId, joinedBy, ...makes.told() };
}

const JOINS = {
  membership: 'join',
  displayname: 'Somebody with a name',
  avatar_url: 'mxc://a.b/c',
};
const PUBLIC = { join_rule: 'public' };
const SHARED = { history_visibility: 'shared' };

class Maker {
  readonly #roomId: RoomId;
  readonly #rules = rulesOf(VERSION)!;
  readonly #state = new Map<EventId, string>();
  readonly #chain: string[] = [];
  readonly #keys = new Map<string, SigningKey>();
  #depth = 0;
  #last: EventId | undefined;

  constructor(roomId: RoomId) {
    this.#roomId = roomId;
  }

  member(server: string, userId: string, auth: readonly EventId[], content: JsonObject): EventId {
    return this.event(server, 'm.room.member', userId, userId, auth, content);
  }

  event(
    server: string,
    type: string,
    state_key: string,
    sender: string,
    auth_events: readonly EventId[],
    content: JsonObject,
  ): EventId {
    this.#depth += 1;
    const pdu = signEvent(
      {
        ...{ type, state_key, sender, content, auth_events, room_id: this.#roomId },
        ...{ depth: this.#depth, origin_server_ts: 1_700_000_000_000 + this.#depth },
        prev_events: this.#last ? [this.#last] : [],
      } as JsonObject,
      this.#rules,
      server,
      this.#keyOf(server),
    );
    const eventId = eventIdOf(pdu, this.#rules);
    this.#state.set(eventId, JSON.stringify(pdu));
    this.#last = eventId;
    return eventId;
  }

  /** It is in the state no more. */
  replaced(eventId: EventId): void {
    this.#chain.push(this.#state.get(eventId)!);
    this.#state.delete(eventId);
  }

  told() {
    const state = [...this.#state.values()];
    return { state, chain: this.#chain, last: this.#last!, depth: this.#depth };
  }

  #keyOf(server: string): SigningKey {
    const key = this.#keys.get(server) ?? keyOf(server);
    this.#keys.set(server, key);
    return key;
  }
}
