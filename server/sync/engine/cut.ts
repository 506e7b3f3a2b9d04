import type { LogReader } from '../../log/log.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { RoomMembership } from '../../rooms/membership/membership.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { ActiveUser } from '../active/active-user.ts';
import type { ActiveUsers } from '../active/active-users.ts';
import type { EphemeralCounter } from '../ephemeral/ephemeral-counter.ts';
import type { Presence } from '../ephemeral/presence.ts';
import type { Typing } from '../ephemeral/typing.ts';
import type { Span } from '../span.ts';
import type { Occasion, Question } from './occasion.ts';
import { presenceNear } from './presence-near.ts';
import { whatToVisit } from './visits.ts';
import type { WhatChanged } from './what-changed.ts';

/** Where an answer is cut: it shows what was committed up to here, and nothing else. */
export interface Cut extends Occasion {
  readonly user: ActiveUser;
  readonly ephemeral: number;
  readonly changed: WhatChanged;
  /** Whose presence is due. */
  readonly presence: ReadonlySet<UserId>;
}

export interface CutPorts {
  readonly log: LogReader;
  readonly rooms: Pick<Rooms, 'roomsOf' | 'lastPosition'>;
  readonly active: ActiveUsers;
  readonly typing: Typing;
  readonly presence: Presence;
  readonly ephemeral: EphemeralCounter;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** No wait between reading the memberships, the position and what changed: they are of one moment. */
export async function takeCut(ports: CutPorts, question: Question): Promise<Cut> {
  const { rooms, active, log, ephemeral, presence } = ports;
  const { userId, told } = question;
  const current = await rooms.roomsOf(userId);
  const upTo = log.committed.position;
  const known = active.find(userId);
  const records = told && known?.changesAfter(told.position);
  const occasion = { question, upTo, memberships: current, records, known };
  const changed = whatToVisit(ports, occasion);
  const mustEnter = known === undefined || records === undefined || changed.ownMembership;
  const user = mustEnter ? active.enter(userId, joined(current), upTo) : known;
  user.usedAtMs = ports.now();
  const mayHaveJoined = records === undefined || changed.ownMembership;
  const near = presenceNear(presence, { user, memberships: current, told, mayHaveJoined });
  const memberships = snapshot(current, changed);
  return { ...occasion, memberships, changed, user, ephemeral: ephemeral.value, presence: near };
}

export const spanOf = ({ question, upTo }: Occasion): Span => ({
  after: question.told?.position ?? 0,
  upTo,
});

export const joined = (memberships: ReadonlyMap<RoomId, RoomMembership>): RoomId[] =>
  [...memberships.values()]
    .filter(({ membership }) => membership === 'join')
    .map(({ roomId }) => roomId);

/** The map goes on with the next commit; copied whole only where any room may be asked for. */
function snapshot(
  current: ReadonlyMap<RoomId, RoomMembership>,
  changed: WhatChanged,
): ReadonlyMap<RoomId, RoomMembership> {
  if (changed.accountData) return new Map(current);
  const copied = new Map<RoomId, RoomMembership>();
  for (const roomId of changed.rooms.keys()) {
    const membership = current.get(roomId);
    if (membership !== undefined) copied.set(roomId, membership);
  }
  return copied;
}
