import type { Event } from '../../protocol/event.ts';
import type { EventId, UserId } from '../../protocol/identifiers.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { Origin } from '../draft.ts';
import { memberRows } from '../membership/member-rows.ts';
import { membershipOf } from '../membership/membership.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { isRowOf } from '../receive/same-event.ts';
import type { StoredEvent } from '../store.ts';
import { changeOutside } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import { roomKey } from '../write/room-change.ts';
import { numberedKeys } from './numbered-keys.ts';
import { roomNumber } from './room-number.ts';
import { outlier } from './staged-events.ts';

/** A membership of one of our users in a room in which nobody of this server is. */
export interface OutsideMembership {
  readonly rules: RoomVersionRules;
  /** Signed by all who have to. */
  readonly event: Event;
  /** What the user is told of the room, as a JSON array of stripped events; as before where it is not given. */
  readonly told?: string | undefined;
  /** Only where this still is the user's membership: they may have answered meanwhile. */
  readonly replaces?: EventId;
}

/**
 * Keeps the event as an outlier at its place in what is known of the room: that is enough for its user to be shown an invite,
 * a knock, or the end of it. The room has no ends, or those of when somebody was in it, so nothing is built on it. Harmless when repeated.
 */
export function keepOutside(
  building: Building,
  outside: OutsideMembership,
  origin: Origin<EventId> = {},
): Promise<EventId> {
  const { event, rules } = outside;
  return building.passages.alone(event.roomId, async () => {
    const roomNid = await roomNumber(building, event.roomId, rules.version);
    const [keyNid] = (await numberedKeys(building, [event])).values();
    const at = { roomNid, keyNid: keyNid! };
    return changeOutside(building.rooms, event.roomId, (room) =>
      committed(building, { room, ...at }, outside, origin),
    );
  });
}

interface Place {
  readonly room: HotRoom | undefined;
  readonly roomNid: number;
  readonly keyNid: number;
}

async function committed(
  { ports }: Building,
  { room, roomNid, keyNid }: Place,
  { event, rules: ofRoom, told, replaces }: OutsideMembership,
  origin: Origin<EventId>,
): Promise<EventId> {
  const { eventId, roomId, type } = event;
  const [known] = await ports.store.eventsById([eventId]);
  if (known && !(await isStagedAlone(ports, known, { roomNid, event, rules: ofRoom })))
    return eventId;
  if (replaces !== undefined && !(await stands(ports, room?.state.get(keyNid), replaces)))
    return eventId;
  const { rows } = ports.store;
  const userId = event.stateKey as UserId;
  const membership = membershipOf(event.content.membership) ?? 'leave';
  return ports.log.commit((position) => {
    const [first, at] = [position(), position()];
    const nid = known?.nid ?? first;
    const replacedNid = room?.state.get(keyNid);
    const of = { userId, roomNid, membership, position: at };
    const head = {
      forwardExtremities: room?.head.extremities.map((each) => each.nid) ?? [],
      stateNid: room?.head.stateNid ?? 0,
    };
    const made = [
      ...(known ? [] : [rows.event(outlier(event, { nid, roomNid }))]),
      rows.currentState({ roomNid, keyNid, eventNid: nid, membership }),
      rows.stateChange({ roomNid, position: at, keyNid, eventNid: nid, replacedNid }),
      ...memberRows(rows, { ...of, since: at, forgotten: false, eventNid: nid }),
      rows.roomHead({ roomNid, ...head, lastPosition: at }),
      ...(told === undefined ? [] : [rows.toldOutside({ roomNid, userId, json: told })]),
    ];
    return {
      value: eventId,
      change: {
        rows: [...made, ...(origin.rows?.(eventId) ?? [])],
        // The first puts the room out of memory, as it is with all that was not built upon that.
        records: [
          { position: first, record: { kind: 'event', roomId, eventId } },
          {
            position: at,
            record: { kind: 'state', roomId, type, stateKey: userId, eventNid: nid },
          },
        ],
        outcome: origin.outcome?.(eventId),
        touches: [roomKey(roomId)],
      },
    };
  });
}

/** It came with a state that was told and never entered, and nobody was told of it. */
async function isStagedAlone(
  { store }: Building['ports'],
  known: StoredEvent,
  { roomNid, event, rules }: Pick<OutsideMembership, 'event' | 'rules'> & { roomNid: number },
): Promise<boolean> {
  if (!known.outlier || known.rejected || !isRowOf(known, event, { nid: roomNid, rules }))
    return false;
  return !(await store.wasOfState({ roomNid, nid: known.nid }));
}

async function stands(
  { store }: Building['ports'],
  nid: number | undefined,
  eventId: EventId,
): Promise<boolean> {
  const [stored] = nid === undefined ? [] : await store.eventsByNid([nid]);
  return stored?.eventId === eventId;
}
