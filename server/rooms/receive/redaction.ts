import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import type { Event } from '../../protocol/event.ts';
import { parseUserId, serverNameOf } from '../../protocol/identifiers.ts';
import { levelFor, powerLevelOf } from '../../protocol/power-levels.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomStore } from '../store.ts';
import { isRedacted, redactedBy, relationOfStored } from '../write/redaction.ts';
import type { Attached } from '../write/room-change.ts';

/**
 * What a redaction by another server takes effect on: where its sender has the power to redact, or its server is that of the
 * event redacted (rooms/v3, "Handling redactions").
 */
export async function redactionBy(
  event: Event,
  room: HotRoom,
  state: AuthState,
  store: Pick<RoomStore, 'eventById'>,
): Promise<Pick<Attached, 'redacted' | 'unrelated'>> {
  if (event.type !== 'm.room.redaction' || event.redacts === undefined) return {};
  if (room.pendingById(event.redacts)) await room.settled;
  const target = await store.eventById(event.redacts);
  if (target?.roomNid !== room.nid || isRedacted(room, target)) return {};
  const sender = parseUserId(JSON.parse(target.json).sender);
  const isOfItsServer = sender.ok && serverNameOf(sender.value) === serverNameOf(event.sender);
  const mayRedact =
    powerLevelOf(event.sender, state, room.rules) >= levelFor('redact', state, room.rules);
  if (!isOfItsServer && !mayRedact) return {};
  return {
    redacted: redactedBy(room, target, event),
    unrelated: relationOfStored(target, room),
  };
}
