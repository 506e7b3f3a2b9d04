import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { redact } from '../../protocol/redaction.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import { clientMembers, withPrevContentOf } from '../client-members.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomEvent } from '../room-event.ts';
import type { SeenEvent } from '../seen-event.ts';
import type { RoomReads } from './room-reads.ts';

/**
 * Who joined the room behind somebody's erasure is shown redacted copies of what they sent; who was
 * there before goes on seeing it as it was (Client-server API, POST /account/deactivate, `erase`).
 */
export async function withoutErased(
  room: HotRoom,
  reads: RoomReads,
  userId: UserId,
  seen: readonly SeenEvent[],
): Promise<SeenEvent[]> {
  const replacedNids = seen.flatMap(({ event }) => event.replacesNid ?? []);
  const replaced = await reads.events.load(() => room.rules, replacedNids);
  const senders = [...seen.map(({ event }) => event), ...replaced].map((event) => event.sender);
  const erased = await reads.erasedAt([...new Set(senders)]);
  if (erased.size === 0) return [...seen];
  const history = await reads.membershipHistory(userId, room);
  const cameAt = history.find((entry) => entry.membership === 'join')?.position ?? Infinity;
  const isHidden = ({ sender }: RoomEvent) => (erased.get(sender) ?? Infinity) < cameAt;
  const hiddenPast = new Map(
    replaced.filter(isHidden).map((event) => [event.nid, redactedCopy(event, room.rules)]),
  );
  return seen.map(({ event, membership }) => {
    if (isHidden(event)) return { event: redactedCopy(event, room.rules), membership };
    const past = event.replacesNid === undefined ? undefined : hiddenPast.get(event.replacesNid);
    return { event: past ? withPrevContentOf(event, past) : event, membership };
  });
}

/** A copy without what a redaction takes. What it replaced may be the sender's too, so nothing is said of it. */
export function redactedCopy(event: RoomEvent, rules: RoomVersionRules): RoomEvent {
  if (event.unsigned.includes('"redacted_because"')) return event;
  const shown = JSON.parse(`{${event.members}}`) as JsonObject;
  const pdu = redact(shown, rules);
  const content = pdu.content as JsonObject;
  const members = clientMembers(event.eventId, pdu);
  return { ...event, content, members, unsigned: '', isErased: true };
}
