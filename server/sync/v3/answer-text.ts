import type { RoomId } from '../../protocol/identifiers.ts';
import type { KeyCounts } from '../active/device.ts';
import type { DeviceListChanges } from '../device-lists.ts';
import type { Unread } from '../unread/room-unread.ts';
import type { StateKey } from './reader.ts';
import type { Summary } from './room/summary.ts';

/** Events and other pieces of JSON that were made before: they are put together, not made again (D16). */
export type Json = string;

export interface JoinedRoom {
  readonly summary: Summary | undefined;
  readonly state: StatePart;
  readonly timeline: TimelinePart;
  readonly ephemeral: readonly Json[];
  readonly accountData: readonly Json[];
  readonly unread: Unread;
}

export interface LeftRoom {
  readonly state: StatePart;
  readonly timeline: TimelinePart;
  readonly accountData: readonly Json[];
}

export interface StatePart {
  /** `state_after` is there whenever it was asked for, also when it is empty. */
  readonly key: StateKey;
  readonly events: readonly Json[];
}

export interface TimelinePart {
  readonly events: readonly Json[];
  readonly limited: boolean;
  readonly prevBatch: string;
}

/** By room, its part of the answer: made as the room is visited, not in one turn for all of them. */
export interface RoomSections<InForm> {
  readonly join: Map<RoomId, InForm>;
  readonly leave: Map<RoomId, InForm>;
  readonly invite: Map<RoomId, InForm>;
  readonly knock: Map<RoomId, InForm>;
}

/** What becomes of what is told of a room. */
export interface RoomForm<InForm> {
  readonly joined: (room: JoinedRoom) => InForm;
  readonly left: (room: LeftRoom) => InForm;
  /** Of a room where nobody looks in yet, its stripped state. */
  readonly invited: (state: readonly Json[]) => InForm;
  readonly knocked: (state: readonly Json[]) => InForm;
}

export interface SyncAnswer<InForm = Json> {
  readonly nextBatch: string;
  readonly rooms: RoomSections<InForm>;
  readonly presence: readonly Json[];
  readonly accountData: readonly Json[];
  readonly toDevice: readonly Json[];
  readonly deviceLists: DeviceListChanges;
  readonly keyCounts: KeyCounts;
}

/** About so many characters are sent in one turn of the event loop. */
const PIECE_LENGTH = 256 * 1_024;

/** The answer as JSON text; nearly always it is one piece. */
export const answerPieces = (answer: SyncAnswer): string[] => inPieces(answerParts(answer));

/** Put together, and cut wherever a piece is long enough. */
export function inPieces(parts: Iterable<Json>): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const part of parts) {
    piece += part;
    if (piece.length < PIECE_LENGTH) continue;
    pieces.push(piece);
    piece = '';
  }
  if (piece !== '') pieces.push(piece);
  return pieces;
}

function* answerParts(answer: SyncAnswer): Generator<Json> {
  const { keyCounts, deviceLists } = answer;
  yield `{"next_batch":${JSON.stringify(answer.nextBatch)}`;
  yield* roomsParts(answer.rooms);
  const rest = object([
    ['presence', events(answer.presence)],
    ['account_data', events(answer.accountData)],
    ['to_device', events(answer.toDevice)],
    ['device_lists', deviceListsText(deviceLists)],
    // Zero is said too: clients that know of no count upload nothing.
    ['device_one_time_keys_count', JSON.stringify({ signed_curve25519: 0, ...keyCounts.oneTime })],
    ['device_unused_fallback_key_types', JSON.stringify(keyCounts.unusedFallback)],
  ]);
  yield `,${rest.slice(1)}`;
}

function* roomsParts({ join, invite, knock, leave }: RoomSections<Json>): Generator<Json> {
  const sections = Object.entries({ join, invite, knock, leave }).filter(
    ([, { size }]) => size > 0,
  );
  if (sections.length === 0) return;
  let before = ',"rooms":{';
  for (const [name, rooms] of sections) {
    before += `"${name}":{`;
    for (const [roomId, text] of rooms) {
      yield `${before}${JSON.stringify(roomId)}:${text}`;
      before = ',';
    }
    before = '},';
  }
  yield '}}';
}

const invitedText = (state: readonly Json[]): Json =>
  `{"invite_state":{"events":[${state.join(',')}]}}`;

const knockedText = (state: readonly Json[]): Json =>
  `{"knock_state":{"events":[${state.join(',')}]}}`;

function joinedText(room: JoinedRoom): Json {
  const { unread } = room;
  const threads = [...unread.threads];
  return object([
    ['summary', room.summary && JSON.stringify(room.summary)],
    ['timeline', timelineText(room.timeline)],
    [room.state.key, `{"events":[${room.state.events.join(',')}]}`],
    ['ephemeral', events(room.ephemeral)],
    ['account_data', events(room.accountData)],
    ['unread_notifications', JSON.stringify(unread.counts)],
    [
      'unread_thread_notifications',
      threads.length === 0 ? undefined : JSON.stringify(Object.fromEntries(threads)),
    ],
  ]);
}

const leftText = (room: LeftRoom): Json =>
  object([
    ['timeline', timelineText(room.timeline)],
    [room.state.key, `{"events":[${room.state.events.join(',')}]}`],
    ['account_data', events(room.accountData)],
  ]);

/** As /sync tells it. */
export const AS_TEXT: RoomForm<Json> = {
  joined: joinedText,
  left: leftText,
  invited: invitedText,
  knocked: knockedText,
};

const timelineText = ({ events: list, limited, prevBatch }: TimelinePart): Json =>
  `{"events":[${list.join(',')}],"limited":${limited},"prev_batch":${JSON.stringify(prevBatch)}}`;

function deviceListsText({ changed, left }: DeviceListChanges): Json | undefined {
  return changed.length + left.length === 0 ? undefined : JSON.stringify({ changed, left });
}

const events = (list: readonly Json[]): Json | undefined =>
  list.length === 0 ? undefined : `{"events":[${list.join(',')}]}`;

type Member = readonly [key: string, value: Json | undefined];

/** Keys are words of the specification: nothing in them is escaped. */
function object(members: readonly Member[]): Json {
  let text = '';
  for (const [key, value] of members)
    if (value !== undefined) text += `${text === '' ? '' : ','}"${key}":${value}`;
  return `{${text}}`;
}
