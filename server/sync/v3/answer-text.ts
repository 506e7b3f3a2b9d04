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

export interface RoomSections {
  readonly join: Map<RoomId, JoinedRoom>;
  readonly leave: Map<RoomId, LeftRoom>;
  /** Stripped state. */
  readonly invite: Map<RoomId, readonly Json[]>;
  readonly knock: Map<RoomId, readonly Json[]>;
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

export function answerText(answer: SyncAnswer): string {
  const { keyCounts, deviceLists, rooms } = answer;
  return object([
    ['next_batch', JSON.stringify(answer.nextBatch)],
    ['rooms', roomsText(rooms)],
    ['presence', events(answer.presence)],
    ['account_data', events(answer.accountData)],
    ['to_device', events(answer.toDevice)],
    ['device_lists', deviceListsText(deviceLists)],
    // Zero is said too: clients that know of no count upload nothing.
    ['device_one_time_keys_count', JSON.stringify({ signed_curve25519: 0, ...keyCounts.oneTime })],
    ['device_unused_fallback_key_types', JSON.stringify(keyCounts.unusedFallback)],
  ]);
}

const roomsText = ({ join, leave, invite, knock }: RoomSections) =>
  objectOrNothing([
    ['join', byRoom(join, joinedText)],
    ['invite', byRoom(invite, (state) => `{"invite_state":{"events":[${state.join(',')}]}}`)],
    ['knock', byRoom(knock, (state) => `{"knock_state":{"events":[${state.join(',')}]}}`)],
    ['leave', byRoom(leave, leftText)],
  ]);

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

const timelineText = ({ events: list, limited, prevBatch }: TimelinePart): Json =>
  `{"events":[${list.join(',')}],"limited":${limited},"prev_batch":${JSON.stringify(prevBatch)}}`;

function deviceListsText({ changed, left }: DeviceListChanges): Json | undefined {
  return changed.length + left.length === 0 ? undefined : JSON.stringify({ changed, left });
}

const events = (list: readonly Json[]): Json | undefined =>
  list.length === 0 ? undefined : `{"events":[${list.join(',')}]}`;

const byRoom = <T>(rooms: ReadonlyMap<RoomId, T>, text: (room: T) => Json) =>
  objectOrNothing([...rooms].map(([roomId, room]) => [roomId, text(room)]));

type Member = readonly [key: string, value: Json | undefined];

const objectOrNothing = (members: readonly Member[]): Json | undefined =>
  members.every(([, value]) => value === undefined) ? undefined : object(members);

const object = (members: readonly Member[]): Json =>
  `{${members
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${JSON.stringify(key)}:${value}`)
    .join(',')}}`;
