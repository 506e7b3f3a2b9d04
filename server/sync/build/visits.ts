import type { PlacedRecord } from '../../log/change.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import type { RoomMembership, Rooms } from '../../rooms/rooms.ts';
import type { ActiveUser } from '../active/active-user.ts';
import type { Typing } from '../ephemeral/typing.ts';
import { type WhatChanged, whatChanged } from '../room/what-changed.ts';
import type { SyncRequest } from '../sync.ts';
import { positionOf, type Since } from './since.ts';

export interface Occasion {
  readonly request: SyncRequest;
  readonly since: Since;
  readonly upTo: number;
  /** The user's rooms as they were committed at `upTo`. */
  readonly memberships: ReadonlyMap<RoomId, RoomMembership>;
  /** Undefined where memory does not reach back to `since`. */
  readonly records: readonly PlacedRecord[] | undefined;
  /** Undefined where the user was not in memory before, so that nothing was noted for them. */
  readonly known: ActiveUser | undefined;
}

interface VisitPorts {
  readonly rooms: Pick<Rooms, 'lastPosition'>;
  readonly typing: Typing;
}

/** Which rooms an answer has to look at, and for what. */
export function whatToVisit(ports: VisitPorts, occasion: Occasion): WhatChanged {
  const { request, records, memberships } = occasion;
  const changed =
    records !== undefined && !request.fullState
      ? whatChanged(records, { ...request, upTo: occasion.upTo })
      : whatMayHaveChanged(ports, occasion);
  for (const roomId of typingRooms(ports.typing, occasion))
    if (memberships.get(roomId)?.membership === 'join') changed.room(roomId).typing = true;
  return changed;
}

function whatMayHaveChanged({ rooms }: VisitPorts, occasion: Occasion): WhatChanged {
  const changed = whatChanged([], { ...occasion.request, upTo: occasion.upTo });
  const { request, since, memberships } = occasion;
  const after = positionOf(since);
  const all = request.fullState || since.kind !== 'token';
  for (const { roomId, position } of memberships.values()) {
    const last = Math.max(position, rooms.lastPosition(roomId) ?? Number.POSITIVE_INFINITY);
    if (all || last > after) changed.all(roomId);
  }
  changed.accountData = true;
  changed.keyCounts = since.kind !== 'token';
  return changed;
}

/**
 * Where it was not noted what changed (in another writer's time, or because the user was away): all
 * rooms, if the client may show somebody typing who has long stopped.
 */
function typingRooms(typing: Typing, { since, known, memberships }: Occasion): Iterable<RoomId> {
  if (since.kind !== 'token') return [];
  const { ephemeral, typingShown } = since;
  if (known === undefined || ephemeral === undefined)
    return typingShown ? memberships.keys() : typing.rooms();
  return known.typing.after(ephemeral);
}
