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
export interface RoomSections {
  readonly join: Map<RoomId, Json>;
  readonly leave: Map<RoomId, Json>;
  readonly invite: Map<RoomId, Json>;
  readonly knock: Map<RoomId, Json>;
}

export interface SyncAnswer {
  readonly nextBatch: string;
  readonly rooms: RoomSections;
  readonly presence: readonly Json[];
  readonly accountData: readonly Json[];
  readonly toDevice: readonly Json[];
  readonly deviceLists: DeviceListChanges;
  readonly keyCounts: KeyCounts;
}

/** About so many characters are sent in one turn of the event loop. */
const PIECE_LENGTH = 256 * 1_024;

/** The answer as JSON text, cut wherever a piece of it is long enough; nearly always there is one. */
export function answerPieces(answer: SyncAnswer): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const part of answerParts(answer)) {
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

function* roomsParts({ join, invite, knock, leave }: RoomSections): Generator<Json> {
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

export const invitedText = (state: readonly Json[]): Json =>
  `{"invite_state":{"events":[${state.join(',')}]}}`;

export const knockedText = (state: readonly Json[]): Json =>
  `{"knock_state":{"events":[${state.join(',')}]}}`;

export function joinedText(room: JoinedRoom): Json {
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

export const leftText = (room: LeftRoom): Json =>
  object([
    ['timeline', timelineText(room.timeline)],
    [room.state.key, `{"events":[${room.state.events.join(',')}]}`],
    ['account_data', events(room.accountData)],
  ]);

const timelineText = ({ events: list, limited, prevBatch }: TimelinePart): Json =>
  `{"events":[${list.join(',')}],"limited":${limited},"prev_batch":${JSON.stringify(prevBatch)}}`;

function deviceListsText({ changed, left }: DeviceListChanges): Json | undefined {
  return changed.length + left.length === 0 ? undefined : JSON.stringify({ changed, left });
}

const events = (list: readonly Json[]): Json | undefined =>
  list.length === 0 ? undefined : `{"events":[${list.join(',')}]}`;

type Member = readonly [key: string, value: Json | undefined];

const object = (members: readonly Member[]): Json =>
  `{${members
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${JSON.stringify(key)}:${value}`)
    .join(',')}}`;
