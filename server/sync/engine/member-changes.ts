import { setImmediate as turn } from 'node:timers/promises';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { RoomMembership } from '../../rooms/membership/membership.ts';
import type { Room } from '../../rooms/room.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Span } from '../span.ts';
import { membershipAt } from './stay.ts';

/** Whose keys a client has to begin or may cease to follow, as far as one room goes. */
export interface MemberChanges {
  readonly joined: readonly UserId[];
  readonly gone: readonly UserId[];
}

export const noMemberChanges: MemberChanges = { joined: [], gone: [] };

/** Rooms that are looked at side by side; between them others have their turn of the event loop. */
const ROOMS_AT_ONCE = 50;

/**
 * In all of these rooms, whatever the user is in them now and whatever of them a client wants to see:
 * whoever was invited again has left before, and a room that is forgotten or filtered out has keys too.
 */
export async function memberChangesIn(
  rooms: Pick<Rooms, 'openAll' | 'membersOfDeleted'>,
  userId: UserId,
  memberships: readonly RoomMembership[],
  span: Span,
): Promise<MemberChanges> {
  const all: { joined: UserId[]; gone: UserId[] } = { joined: [], gone: [] };
  for (let from = 0; from < memberships.length; from += ROOMS_AT_ONCE) {
    if (from > 0) await turn();
    const some = memberships.slice(from, from + ROOMS_AT_ONCE);
    const opened = await rooms.openAll(some.map(({ roomId }) => roomId));
    const changes = some.map(async (membership) => {
      const room = opened.get(membership.roomId);
      if (room) return memberChangesFor(userId, room, membership, span);
      return membership.position > span.after
        ? { joined: [], gone: await rooms.membersOfDeleted(membership.roomId) }
        : noMemberChanges;
    });
    for (const { joined, gone } of await Promise.all(changes)) {
      all.joined.push(...joined);
      all.gone.push(...gone);
    }
  }
  return all;
}

/** Who came and went where the user was all the time, or all who were there where it is they who did. */
async function memberChangesFor(
  userId: UserId,
  room: Room,
  { membership, since }: RoomMembership,
  span: Span,
): Promise<MemberChanges> {
  if (membership === 'join' && since <= span.after) return memberChanges(room, span);
  // Of who was there before its members came nobody was told.
  const wasTold = span.after > 0 && span.after >= room.wholeAt;
  const was = wasTold && (await wasJoined(userId, room, span.after));
  const before = was ? await joinedAt(room, span.after) : NOBODY;
  const now = membership === 'join' ? await joinedAt(room, span.upTo) : NOBODY;
  return { joined: [...now.difference(before)], gone: [...before.difference(now)] };
}

/**
 * A new display name is no change: it is told apart by who was there before the span. Who went and came back within it is one: their server need not have told
 * ours what became of their keys in between.
 */
async function memberChanges(room: Room, { after, upTo }: Span): Promise<MemberChanges> {
  const changed = await room.stateDelta({ after, upTo }, (type) => type === MEMBER);
  if (changed.length === 0) return noMemberChanges;
  const before = await room.stateEventsAt(after, keysOf(changed));
  const wasThere = new Set(before.filter(isJoin).map((event) => event.stateKey));
  const [joined, gone]: [UserId[], UserId[]] = [[], []];
  for (const event of changed) {
    if (isJoin(event) && (!wasThere.has(event.stateKey) || cameBack(event)))
      joined.push(event.stateKey as UserId);
    if (!isJoin(event) && wasThere.has(event.stateKey)) gone.push(event.stateKey as UserId);
  }
  return { joined, gone };
}

/** Who was in the room behind this position: of those who are there now, and of whom that changed since. */
async function joinedAt(room: Room, position: number): Promise<ReadonlySet<UserId>> {
  const joined = new Set(room.members('join'));
  const since = { after: position, upTo: room.lastPosition };
  const changed = await room.stateDelta(since, (type) => type === MEMBER);
  for (const { stateKey } of changed) joined.delete(stateKey as UserId);
  for (const event of await room.stateEventsAt(position, keysOf(changed)))
    if (isJoin(event)) joined.add(event.stateKey as UserId);
  return joined;
}

const wasJoined = async (userId: UserId, room: Room, position: number): Promise<boolean> =>
  membershipAt(await room.membershipHistory(userId), position) === 'join';

const NOBODY: ReadonlySet<UserId> = new Set();
const MEMBER = 'm.room.member';
const isJoin = (event: { content: { membership?: unknown } }) =>
  event.content.membership === 'join';

/** What it replaced was no stay. */
function cameBack({ unsigned }: { unsigned: string }): boolean {
  const { prev_content: before } = JSON.parse(`{${unsigned}}`) as { prev_content?: JsonObject };
  return before?.membership !== 'join';
}

const keysOf = (events: readonly { stateKey: string | undefined }[]) =>
  events.map(({ stateKey }) => [MEMBER, stateKey ?? ''] as const);
