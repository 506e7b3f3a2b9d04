import { referenceHash } from '../../protocol/hashes.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { pduIn } from '../read/stored-event.ts';
import type { StoredEvent } from '../store.ts';

interface WithPdu {
  readonly pdu: JsonObject;
}

/**
 * Of two that bear one id whether they are one event, or what a redaction left of it. In versions 1 and 2 whoever makes an event
 * names its id, which says nothing of what it is: by their hashes, as from version 3 on. Which content hash it claims is part
 * of that, and alone proves nothing: what is kept of an event that does not match it is its redacted form.
 */
export const isSameEvent = (one: WithPdu, other: WithPdu, rules: RoomVersionRules): boolean =>
  rules.eventIdForm !== 'given' ||
  referenceHash(one.pdu, rules) === referenceHash(other.pdu, rules);

/** Whether that row, which bears the event's id, is of that very event, and of its room. */
export const isRowOf = (
  stored: Pick<StoredEvent, 'roomNid' | 'json'>,
  event: WithPdu,
  { nid, rules }: Pick<HotRoom, 'nid' | 'rules'>,
): boolean =>
  stored.roomNid === nid && isSameEvent({ pdu: pduIn(stored.json, rules) }, event, rules);
