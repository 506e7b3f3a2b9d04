import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import type { Event } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import { forbidden, notFound } from '../../protocol/matrix-error.ts';
import { levelFor, powerLevelOf } from '../../protocol/power-levels.ts';
import type { Draft } from '../draft.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { parsedEventOf, roomEventOf } from '../read/stored-event.ts';
import { storedRelationOf } from '../relations/stored-relation.ts';
import type { RoomStore, StoredEvent, StoredRelation } from '../store.ts';
import type { Preparation } from './preparation.ts';

/**
 * A redaction takes effect where its sender sent the event redacted, or has the power to redact
 * (rooms/v3, "Handling redactions"). The auth rules let others through, so it is judged here: a
 * client whose redaction would have no effect is told so.
 */
export async function prepareRedaction(
  store: Pick<RoomStore, 'eventById'>,
  room: HotRoom,
  draft: Draft & { redacts: EventId },
): Promise<{ draft: Draft } & Preparation> {
  const target = await findTarget(store, room, draft.redacts);
  const sender = JSON.parse(target.json).sender as string;
  return {
    draft,
    check: (state) => {
      if (sender !== draft.sender && !mayRedact(room, draft, state))
        throw forbidden("You may not redact other users' events");
      return undefined;
    },
    unrelated: relationOfStored(target, room),
    redacted: (event) => (isRedacted(room, target) ? undefined : redactedBy(room, target, event)),
  };
}

async function findTarget(
  store: Pick<RoomStore, 'eventById'>,
  room: HotRoom,
  eventId: EventId,
): Promise<StoredEvent> {
  if (room.pendingById(eventId)) await room.settled;
  const target = await store.eventById(eventId);
  if (target?.roomNid !== room.nid) throw notFound('There is no such event in the room');
  if (UNREDACTABLE.has(JSON.parse(target.json).type))
    throw forbidden('Events of this type may not be redacted');
  return target;
}

/** Their redaction would break the room for everybody in it; other servers refuse it too. */
const UNREDACTABLE = new Set(['m.room.create', 'm.room.server_acl', 'm.room.encryption']);

const mayRedact = ({ rules }: HotRoom, { sender }: Draft, state: AuthState): boolean =>
  powerLevelOf(sender, state, rules) >= levelFor('redact', state, rules);

/** The first redaction counts, also one that is still on its way or was when the target was read. */
export const isRedacted = (room: HotRoom, target: StoredEvent): boolean =>
  target.redactionId !== null || room.redactedOf(target.nid) !== undefined;

export const redactedBy = (room: HotRoom, target: StoredEvent, redaction: Event) =>
  roomEventOf(
    { ...target, redactionId: redaction.eventId, redactionJson: JSON.stringify(redaction.pdu) },
    room.rules,
  );

export function relationOfStored(target: StoredEvent, room: HotRoom): StoredRelation | undefined {
  if (target.redactionId !== null) return undefined;
  return storedRelationOf(parsedEventOf(target, room.rules), target);
}
