import type { EventId, RoomId, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { Membership } from './membership/membership.ts';

/**
 * A committed event as readers get it. Its client JSON is made once and kept as a string (D16);
 * what differs from reader to reader is put around it by `renderEvent`.
 */
export interface RoomEvent {
  readonly roomId: RoomId;
  readonly eventId: EventId;
  /** Number of the event within the database. */
  readonly nid: number;
  /**
   * Its position in the log, by which /sync goes. 0 for what never entered the timeline (backfilled,
   * an outlier, rejected or soft-failed): it lies before everything that this server saw happen.
   */
  readonly position: number;
  /** Order within the room, with the nid behind it: /messages and /context go by (depth, nid). */
  readonly depth: number;
  readonly type: string;
  readonly sender: UserId;
  readonly stateKey: string | undefined;
  readonly originServerTs: number;
  /** Content as clients see it: of a redacted event, what the redaction left. */
  readonly content: JsonObject;
  /** The nid of the state event that this one replaced in the room's state. */
  readonly replacesNid: number | undefined;
  readonly origin: EventOrigin | undefined;
  /** Number of the room's state before this event; undefined for outliers. */
  readonly stateBefore: number | undefined;
  /** Number of the state after it: another one only where it changed the state. */
  readonly stateAfter: number | undefined;
  /** JSON members without braces: `"content":{…},"event_id":…`; neither room_id nor unsigned. */
  readonly members: string;
  /** JSON members of `unsigned` that are the same for every reader; '' if there are none. */
  readonly unsigned: string;
  /** It follows something that was not here: what is before it in the timeline was not just before it. */
  readonly isAfterGap?: boolean;
  /** Rejected, or soft-failed: it is here for servers to name, and shown to nobody. */
  readonly isRefused?: boolean;
  /** A copy for those who came behind its sender's erasure. */
  readonly isErased?: boolean;
}

/**
 * The device that sent it through this server, and the transaction id that it gave; or the delayed
 * event that it was before.
 */
export type EventOrigin =
  | { readonly deviceId: string; readonly txnId: string }
  | { readonly delayId: string };

/** In the database a delayed event's id stands in the place of a transaction's, of no device. */
export const storedOriginOf = (origin: EventOrigin | undefined) =>
  origin && 'delayId' in origin
    ? { deviceId: undefined, txnId: origin.delayId }
    : { deviceId: origin?.deviceId, txnId: origin?.txnId };

export function originOf({ deviceId, txnId }: StoredOrigin): EventOrigin | undefined {
  if (txnId === null) return undefined;
  return deviceId === null ? { delayId: txnId } : { deviceId, txnId };
}

interface StoredOrigin {
  readonly deviceId: string | null;
  readonly txnId: string | null;
}

/**
 * What an event weighs in a cache, by its texts: its content is there as an object, too. Measured with
 * messages of 60 and 6,000 bytes, it is between a tenth less and a third more than the heap holds.
 */
export const heapBytesOf = (event: RoomEvent): number => EVENT_BYTES + 2 * textLengthOf(event);

export const heapBytesOfAll = (events: readonly RoomEvent[]): number =>
  events.reduce((sum, event) => sum + heapBytesOf(event), 0);

/** As it is told, but for what depends on who reads. */
export const textLengthOf = ({ members, unsigned }: RoomEvent): number =>
  members.length + unsigned.length;

const EVENT_BYTES = 600;

/** What depends on who reads, and where. */
export interface Rendering {
  /** The /sync form leaves out room_id, since the room stands above it. */
  readonly roomId?: boolean;
  /** Who reads: only the sending device is told its transaction id, only the sender a delay's id. */
  readonly userId?: UserId;
  readonly deviceId?: string | undefined;
  /** Milliseconds since 1970, for `unsigned.age`. */
  readonly now: number;
}

/** What depends on the event besides, or on both. */
interface Shown {
  /** The reader's membership at the event: `unsigned.membership`. */
  readonly membership?: Membership | undefined;
  /** JSON members of `unsigned.m.relations`; none where it is empty. */
  readonly relations?: string | undefined;
}

/**
 * The event as JSON text, to be concatenated into an answer. Text is only ever put behind other text: a hundred events made of
 * templates take twice as long.
 */
export function renderEvent(event: RoomEvent, reader: Rendering, shown: Shown = ALONE): string {
  let text = '{';
  text += event.members;
  if (reader.roomId === true) {
    text += ',"room_id":';
    text += JSON.stringify(event.roomId);
  }
  text += ',"unsigned":{"age":';
  text += Math.max(0, reader.now - event.originServerTs);
  if (event.unsigned !== '') {
    text += ',';
    text += event.unsigned;
  }
  if (shown.membership !== undefined) text += MEMBERSHIP[shown.membership];
  if (shown.relations) text += `,"m.relations":{${shown.relations}}`;
  if (event.origin !== undefined && event.sender === reader.userId)
    text += originMember(event.origin, reader.deviceId);
  text += '}}';
  return text;
}

const ALONE: Shown = {};

const MEMBERSHIP: { readonly [Each in Membership]: string } = {
  join: ',"membership":"join"',
  invite: ',"membership":"invite"',
  knock: ',"membership":"knock"',
  leave: ',"membership":"leave"',
  ban: ',"membership":"ban"',
};

/** With a room id, and without anything that depends on who reads it or when. */
export const renderForAll = ({ members, roomId, unsigned }: RoomEvent): string =>
  `{${members},"room_id":${JSON.stringify(roomId)},"unsigned":{${unsigned}}}`;

function originMember(origin: EventOrigin, deviceId: string | undefined): string {
  if ('delayId' in origin) {
    const id = JSON.stringify(origin.delayId);
    return `,"delay_id":${id},"org.matrix.msc4140.delay_id":${id}`;
  }
  return origin.deviceId === deviceId ? `,"transaction_id":${JSON.stringify(origin.txnId)}` : '';
}

/** The stripped form, for people who are not in the room: `invite_state`, `knock_state`. */
export function renderStripped(event: RoomEvent): string {
  const { content, sender, type } = event;
  return JSON.stringify({ content, sender, state_key: event.stateKey, type });
}
