import type { UserId } from '../../protocol/identifiers.ts';
import type { Room } from '../../rooms/rooms.ts';
import type { Span } from '../reader.ts';

/** Whose keys a client has to begin or may cease to follow, as far as one room goes. */
export interface MemberChanges {
  readonly joined: readonly UserId[];
  readonly gone: readonly UserId[];
}

export const noMemberChanges: MemberChanges = { joined: [], gone: [] };

/** A new display name is no change: it is told apart by who was there before the span. */
export async function memberChanges(room: Room, { after, upTo }: Span): Promise<MemberChanges> {
  const changed = await room.stateDelta({ after, upTo }, (type) => type === MEMBER);
  if (changed.length === 0) return noMemberChanges;
  const keys = new Set(changed.map((event) => event.stateKey));
  const before = await room.stateAt(
    after,
    (type, stateKey) => type === MEMBER && keys.has(stateKey),
  );
  const wasThere = new Set(before.filter(isJoin).map((event) => event.stateKey));
  const [joined, gone]: [UserId[], UserId[]] = [[], []];
  for (const event of changed) {
    if (isJoin(event) && !wasThere.has(event.stateKey)) joined.push(event.stateKey as UserId);
    if (!isJoin(event) && wasThere.has(event.stateKey)) gone.push(event.stateKey as UserId);
  }
  return { joined, gone };
}

const MEMBER = 'm.room.member';
const isJoin = (event: { content: { membership?: unknown } }) =>
  event.content.membership === 'join';
