import { setImmediate as turn } from 'node:timers/promises';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { RoomMembership } from '../../rooms/membership/membership.ts';
import type { Room } from '../../rooms/room.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { PlacedReceipt } from '../../storage/receipts.ts';
import type { ActiveUser } from '../active/active-user.ts';
import { EVERYTHING, type RoomChanges, type WhatChanged } from '../engine/what-changed.ts';
import type { Typing } from '../ephemeral/typing.ts';
import type { Receipts } from '../receipts/receipts.ts';
import type { Span } from '../span.ts';
import type { UnreadCounts } from '../unread/unread-counts.ts';
import type { Json, RoomForm, RoomSections } from './answer-text.ts';
import type { Reader } from './reader.ts';
import { deletedRoom } from './room/deleted-room.ts';
import { invitedBy, strippedState } from './room/invited-room.ts';
import { joinedRoom } from './room/joined-room.ts';
import { leftRoom } from './room/left-room.ts';
import { LIMIT_DEFAULT, PAGE_EVENTS } from './room/timeline.ts';
import { positionOf, type Since } from './since.ts';

/** Rooms that are looked at side by side; between them others have their turn of the event loop. */
const ROOMS_AT_ONCE = 50;
/** As many as are read together, by the events of their timelines: each query has its price, and what it read lies in memory. */
const EVENTS_READ_AT_ONCE = 2_000;
const ROOMS_READ_AT_ONCE_MAX = 200;

export interface RoomSectionsPorts {
  readonly rooms: Pick<Rooms, 'openAll'>;
  readonly receipts: Receipts;
  readonly typing: Typing;
  readonly unread: UnreadCounts;
  /** A token from which /messages goes back. */
  readonly prevBatch: (position: number) => string;
}

export interface RoomsQuestion {
  readonly reader: Reader;
  readonly user: ActiveUser;
  readonly since: Since;
  readonly upTo: number;
  readonly memberships: ReadonlyMap<RoomId, RoomMembership>;
  readonly changed: WhatChanged;
  /** By room, what changed of the room's account data. */
  readonly accountData: ReadonlyMap<RoomId, readonly Json[]>;
  /** By room; undefined where they are in memory, room by room. */
  readonly receipts: ReadonlyMap<RoomId, readonly PlacedReceipt[]> | undefined;
}

export interface Formed<InForm> extends RoomsQuestion {
  readonly form: RoomForm<InForm>;
}

interface Visit {
  readonly room: Room;
  readonly membership: RoomMembership;
  readonly changes: RoomChanges;
}

export async function roomSections<InForm>(
  ports: RoomSectionsPorts,
  question: Formed<InForm>,
): Promise<RoomSections<InForm>> {
  const sections: RoomSections<InForm> = {
    join: new Map(),
    leave: new Map(),
    invite: new Map(),
    knock: new Map(),
  };
  const todo = [...question.changed.rooms].flatMap(([roomId, changes]) => {
    const membership = question.memberships.get(roomId);
    return membership !== undefined && isShown(question, membership)
      ? [{ membership, changes }]
      : [];
  });
  for (const some of inPieces(todo, roomsReadAtOnce(question))) {
    const rooms = await openTogether(ports, question, some);
    for (const few of inPieces(some, ROOMS_AT_ONCE)) {
      if (todo.length > ROOMS_AT_ONCE) await turn();
      await Promise.all(
        few.map(async ({ membership, changes }) => {
          const room = rooms.get(membership.roomId);
          if (room !== undefined)
            await visit(ports, question, sections, { room, membership, changes });
          else if (membership.forgotten) visitDeleted(ports, question, sections, membership);
        }),
      );
    }
  }
  return sections;
}

function* inPieces<T>(list: readonly T[], length: number): Generator<readonly T[]> {
  for (let from = 0; from < list.length; from += length) yield list.slice(from, from + length);
}

function roomsReadAtOnce(question: RoomsQuestion): number {
  const rooms = Math.ceil(EVENTS_READ_AT_ONCE / Math.max(1, timelineRead(question)));
  return Math.min(rooms, ROOMS_READ_AT_ONCE_MAX);
}

/** Of each room; none where only what is new is asked for, which memory has nearly always. */
function timelineRead({ reader, since }: RoomsQuestion): number {
  const { timeline } = reader.filter.room;
  const begins = since.kind !== 'token' || reader.fullState;
  return begins && !timeline.admitsNothing
    ? Math.min(timeline.limit ?? LIMIT_DEFAULT, PAGE_EVENTS)
    : 0;
}

/** What is asked of nearly every room is read for all of them; what few need is gathered by the engine. */
function openTogether(
  { rooms }: RoomSectionsPorts,
  question: RoomsQuestion,
  some: readonly { readonly membership: RoomMembership }[],
): Promise<Map<RoomId, Room>> {
  const roomIds = some.map(({ membership }) => membership.roomId);
  const timeline = timelineRead(question);
  return rooms.openAll(roomIds, timeline > 0 ? { timeline } : {});
}

function isShown({ reader, since }: RoomsQuestion, membership: RoomMembership): boolean {
  const { room: filter } = reader.filter;
  if (!filter.admitsRoom(membership.roomId)) return false;
  const isNew = membership.position > positionOf(since);
  switch (membership.membership) {
    case 'join':
      return true;
    case 'invite':
    case 'knock':
      return isNew || reader.fullState;
    case 'leave':
    case 'ban':
      // Whose client knows the room must hear that it was left, whatever became of it since.
      if (since.kind === 'token' && isNew) return true;
      if (membership.forgotten) return false;
      return (
        since.kind === 'gappy' ||
        ((since.kind === 'initial' || reader.fullState) && filter.includeLeave)
      );
  }
}

async function visit<InForm>(
  ports: RoomSectionsPorts,
  question: Formed<InForm>,
  sections: RoomSections<InForm>,
  { room, membership, changes }: Visit,
): Promise<void> {
  switch (membership.membership) {
    case 'join':
      return visitJoined(ports, question, sections, { room, membership, changes });
    case 'leave':
    case 'ban':
      return visitLeft(ports, question, sections, { room, membership });
    case 'knock':
      sections.knock.set(
        room.roomId,
        question.form.knocked(await strippedState(room, question.reader.userId)),
      );
      return;
    case 'invite': {
      const { userId, seesInviteOf } = question.reader;
      if (!seesInviteOf(await invitedBy(room, userId))) return;
      sections.invite.set(room.roomId, question.form.invited(await strippedState(room, userId)));
      return;
    }
    default:
      membership.membership satisfies never;
  }
}

async function visitJoined<InForm>(
  ports: RoomSectionsPorts,
  question: Formed<InForm>,
  sections: RoomSections<InForm>,
  { room, membership, changes }: Visit,
): Promise<void> {
  const { reader, since, upTo, user } = question;
  // To a client that wants all members, half of them would be all.
  if (room.isPartial && !reader.filter.room.state.lazyLoadMembers) return;
  const isFresh = membership.since > positionOf(since);
  const span = { after: isFresh ? 0 : positionOf(since), upTo };
  const told = isFresh ? EVERYTHING : changes;
  const result = await joinedRoom({
    room,
    membership,
    span,
    reader,
    changes: told,
    gap: since.kind === 'gappy' || (isFresh && (await knowsSome(room, question))),
    typing: ports.typing.typingIn(room.roomId),
    receipts: await receiptsOf(ports, question, { room, changes: told, span }),
    accountData: question.accountData.get(room.roomId) ?? [],
    prevBatch: ports.prevBatch,
    unread: (asked) => ports.unread.of(user, asked),
  });
  if (result !== undefined) sections.join.set(room.roomId, question.form.joined(result));
}

/**
 * What the client has of an earlier stay, or of having been banned without one, does not join up with
 * what it is told now.
 */
async function knowsSome(room: Room, { reader, since }: RoomsQuestion): Promise<boolean> {
  if (since.kind !== 'token') return false;
  const history = await room.membershipHistory(reader.userId);
  return history.some(
    ({ position, membership }) => position <= since.position && HAVE_TIMELINES.has(membership),
  );
}

/** Of invitations and knocks /sync tells without one. */
const HAVE_TIMELINES: ReadonlySet<string> = new Set(['join', 'leave', 'ban']);

async function receiptsOf(
  { receipts }: RoomSectionsPorts,
  question: RoomsQuestion,
  { room, changes, span }: { room: Room; changes: RoomChanges; span: Span },
): Promise<readonly PlacedReceipt[]> {
  const isLoaded = question.receipts !== undefined && span.after === positionOf(question.since);
  if (isLoaded) return question.receipts.get(room.roomId) ?? [];
  return changes.receipts ? receipts.ofRoom({ roomId: room.roomId, ...span }) : [];
}

function visitDeleted<InForm>(
  { prevBatch }: RoomSectionsPorts,
  { reader, form }: Formed<InForm>,
  sections: RoomSections<InForm>,
  membership: RoomMembership,
): void {
  sections.leave.set(membership.roomId, form.left(deletedRoom(reader, membership, prevBatch)));
}

async function visitLeft<InForm>(
  { prevBatch }: RoomSectionsPorts,
  { form, reader, since, upTo }: Formed<InForm>,
  sections: RoomSections<InForm>,
  { room, membership }: Omit<Visit, 'changes'>,
): Promise<void> {
  const span = { after: positionOf(since), upTo };
  const gap = since.kind === 'gappy';
  const left = await leftRoom({ room, membership, span, reader, gap, prevBatch });
  sections.leave.set(room.roomId, form.left(left));
}
