import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { redact } from '../../protocol/redaction.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import { clientMembers, isRedacted, withPrevContentOf } from '../client-members.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomEvent } from '../room-event.ts';
import type { RoomReads } from './room-reads.ts';

/**
 * Without these a client would take the room for another one: in an encrypted room it would speak in the
 * clear. They tell nothing of whoever sent them.
 */
const ROOM_RESTS_ON: ReadonlySet<string> = new Set([
  'm.room.encryption',
  'm.room.tombstone',
  'm.room.canonical_alias',
  'm.space.child',
  'm.space.parent',
]);

/**
 * Who joined the room behind somebody's erasure is shown redacted copies of what they sent; who was
 * there before goes on seeing it as it was (Client-server API, POST /account/deactivate, `erase`).
 * Who could only look in, where history is world-readable, is like one who joins later: nobody knows
 * whether they did.
 */
export async function withoutErased(
  room: HotRoom,
  reads: RoomReads,
  userId: UserId,
  events: readonly RoomEvent[],
): Promise<RoomEvent[]> {
  if (await isNobodyErased(room, reads, userId)) return [...events];
  const replaced = await replacedBy(room, reads, events);
  const senders = [...events, ...replaced].map((event) => event.sender);
  const erased = await reads.erased.of([...new Set(senders)]);
  if (erased.size === 0) return [...events];
  const history = await reads.membershipHistory(userId, room);
  const cameAt = history.find((entry) => entry.membership === 'join')?.position ?? Infinity;
  const isHidden = ({ sender, type }: RoomEvent) =>
    !ROOM_RESTS_ON.has(type) && (erased.get(sender) ?? Infinity) < cameAt;
  const hiddenPast = new Map(
    replaced.filter(isHidden).map((event) => [event.nid, redactedCopy(event, room.rules)]),
  );
  return events.map((event) => {
    if (isHidden(event)) return redactedCopy(event, room.rules);
    const past = event.replacesNid === undefined ? undefined : hiddenPast.get(event.replacesNid);
    return past ? withPrevContentOf(event, past) : event;
  });
}

/** Whoever it was, it was not before this user came. */
export async function isNobodyErased(
  { roomId }: HotRoom,
  reads: RoomReads,
  userId: UserId,
): Promise<boolean> {
  const first = await reads.erased.first();
  if (first === Infinity) return true;
  const own = (await reads.userRooms.of(userId)).get(roomId);
  return own?.membership === 'join' && own.since < first;
}

const replacedBy = (room: HotRoom, reads: RoomReads, events: readonly RoomEvent[]) =>
  reads.load(
    room,
    events.flatMap(({ replacesNid }) => replacesNid ?? []),
  );

/** A copy without what a redaction takes. What it replaced may be the sender's too, so nothing is said of it. */
export function redactedCopy(event: RoomEvent, rules: RoomVersionRules): RoomEvent {
  if (isRedacted(event)) return event;
  const shown = JSON.parse(`{${event.members}}`) as JsonObject;
  const pdu = redact(shown, rules);
  const content = pdu.content as JsonObject;
  const members = clientMembers(event.eventId, pdu);
  return { ...event, content, members, unsigned: '', isErased: true };
}
