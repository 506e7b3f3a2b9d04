import type { RoomId } from '../../protocol/identifiers.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Typing } from '../ephemeral/typing.ts';
import type { Occasion } from './occasion.ts';
import { type WhatChanged, whatChanged } from './what-changed.ts';

interface VisitPorts {
  readonly rooms: Pick<Rooms, 'lastPosition'>;
  readonly typing: Typing;
}

/** Which rooms an answer has to look at, and for what. */
export function whatToVisit(ports: VisitPorts, occasion: Occasion): WhatChanged {
  const { question, records, memberships } = occasion;
  const changed =
    records !== undefined && !question.all
      ? whatChanged(records, { ...question, upTo: occasion.upTo })
      : whatMayHaveChanged(ports, occasion);
  for (const roomId of typingRooms(ports.typing, occasion))
    if (memberships.get(roomId)?.membership === 'join') changed.room(roomId).typing = true;
  return changed;
}

function whatMayHaveChanged({ rooms }: VisitPorts, occasion: Occasion): WhatChanged {
  const { question, memberships } = occasion;
  const { told } = question;
  const changed = whatChanged([], { ...question, upTo: occasion.upTo });
  const all = question.all || told === undefined;
  for (const { roomId, position } of memberships.values()) {
    const last = Math.max(position, rooms.lastPosition(roomId) ?? Number.POSITIVE_INFINITY);
    if (all || last > told.position) changed.all(roomId);
  }
  changed.accountData = true;
  changed.keyCounts = told === undefined;
  return changed;
}

/**
 * Where it was not noted what changed (in another writer's time, or because the user was away): all
 * rooms, if the client may show somebody typing who has long stopped.
 */
function typingRooms(
  typing: Typing,
  { question: { told }, known, memberships }: Occasion,
): Iterable<RoomId> {
  if (told === undefined) return [];
  if (known === undefined || told.ephemeral === undefined)
    return told.typingShown ? memberships.keys() : typing.rooms();
  return known.typing.after(told.ephemeral);
}
