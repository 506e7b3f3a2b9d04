import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import type { Room } from '../../rooms/room.ts';

/** A room in the words of Synapse's admin API. All members are of this server while it speaks to no other. */
export async function roomDetails(room: Room): Promise<JsonObject> {
  const content = async (type: string) => (await room.stateEvent(type, ''))?.content ?? {};
  const create = await room.stateEvent('m.room.create', '');
  const field = async (type: string, name: string): Promise<JsonValue> =>
    (await content(type))[name] ?? null;
  return {
    ...{ room_id: room.roomId, version: room.version, creator: create?.sender ?? null },
    name: await field('m.room.name', 'name'),
    avatar: await field('m.room.avatar', 'url'),
    topic: await field('m.room.topic', 'topic'),
    canonical_alias: await field('m.room.canonical_alias', 'alias'),
    ...{ joined_members: room.joinedCount, joined_local_members: room.joinedCount },
    encryption: await field('m.room.encryption', 'algorithm'),
    federatable: create?.content['m.federate'] !== false,
    public: (await field('m.room.join_rules', 'join_rule')) === 'public',
    join_rules: await field('m.room.join_rules', 'join_rule'),
    guest_access: await field('m.room.guest_access', 'guest_access'),
    history_visibility: await field('m.room.history_visibility', 'history_visibility'),
    room_type: create?.content.type ?? null,
    tombstoned: (await room.stateEvent('m.room.tombstone', '')) !== undefined,
  };
}
