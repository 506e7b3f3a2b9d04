import type { Row } from '../../log/change.ts';
import type { Event, StateEvent } from '../../protocol/event.ts';
import { clientMembers, replacedMembers } from '../client-members.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { type RoomEvent, storedOriginOf } from '../room-event.ts';
import type { NewEvent, RoomRows } from '../store.ts';
import type { StatesAround } from './state-changes.ts';

export interface EventNumbers extends Pick<NewEvent, 'nid' | 'position' | 'standing'> {
  readonly stateBefore?: number | undefined;
  readonly stateAfter?: number | undefined;
  readonly replacesNid?: number | undefined;
  readonly origin?: RoomEvent['origin'];
}

/** The event with its numbers, as it is kept in memory and shown. */
export function roomEventOf(
  event: Event,
  at: {
    readonly room: HotRoom;
    readonly numbers: { readonly nid: number; readonly position: number };
    readonly around: StatesAround;
    readonly origin: RoomEvent['origin'];
    /** The state event that this one replaces. */
    readonly replaced: StateEvent | undefined;
    readonly isAfterGap: boolean | undefined;
  },
): RoomEvent {
  const { room, numbers, around, origin, replaced, isAfterGap } = at;
  const { stateBefore, stateAfter, replacesNid } = around;
  return {
    roomId: event.roomId,
    eventId: event.eventId,
    ...numbers,
    depth: event.depth,
    type: event.type,
    sender: event.sender,
    stateKey: event.stateKey,
    originServerTs: event.originServerTs,
    content: event.content,
    origin,
    ...{ stateBefore, stateAfter, replacesNid },
    members: clientMembers(event.eventId, event.pdu),
    unsigned: replaced ? membersOfReplaced(room, replaced, replacesNid) : '',
    ...(isAfterGap && { isAfterGap }),
  };
}

/** What was read of it may be from before its redaction, which may be on its way itself. */
function membersOfReplaced(
  room: HotRoom,
  { eventId, content, sender }: StateEvent,
  nid: number | undefined,
): string {
  const redacted = nid === undefined ? undefined : room.redactedOf(nid);
  return replacedMembers({ eventId, sender, content: redacted?.content ?? content });
}

export function eventRow(
  rows: RoomRows,
  roomNid: number,
  event: Event,
  numbers: EventNumbers,
): Row {
  const { nid, position, stateBefore, stateAfter, replacesNid, standing, origin } = numbers;
  return rows.event({
    nid,
    roomNid,
    eventId: event.eventId,
    depth: event.depth,
    position,
    originServerTs: event.originServerTs,
    ...{ stateBefore, stateAfter, replacesNid, standing },
    type: event.type,
    stateKey: event.stateKey,
    sender: event.sender,
    ...storedOriginOf(origin),
    json: JSON.stringify(event.pdu),
  });
}
