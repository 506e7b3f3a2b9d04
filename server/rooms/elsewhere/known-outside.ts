import type { Event } from '../../protocol/event.ts';
import {
  type EventId,
  type ServerName,
  serverNameOf,
  type UserId,
} from '../../protocol/identifiers.ts';
import type { Membership } from '../membership/membership.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { hasOwnMember } from '../memory/members-of-server.ts';
import { parsedEventOf } from '../read/stored-event.ts';
import type { Building } from '../write/building.ts';

/** Whether the room is kept up to date here. */
export const isIn = ({ keys, ports }: Building, room: HotRoom | undefined): boolean =>
  room?.isCommitted === true && hasOwnMember(room, keys, ports.identity.serverName);

export interface OwnOutside {
  readonly membership: Membership;
  readonly eventId: EventId;
  readonly event: Event;
  /** It came from outside, and the room is not built on it. */
  readonly isOutlier: boolean;
}

/** What is known here of somebody's membership in a room, whoever keeps it. */
export async function ownOutside(
  { keys, ports }: Building,
  room: HotRoom | undefined,
  userId: UserId,
): Promise<OwnOutside | undefined> {
  await keys.learn([{ type: 'm.room.member', stateKey: userId }]);
  const keyNid = keys.find('m.room.member', userId)?.keyNid;
  const nid = keyNid === undefined ? undefined : room?.state.get(keyNid);
  const membership = keyNid === undefined ? undefined : room?.members.get(keyNid);
  if (!room || nid === undefined || membership === undefined) return undefined;
  const [stored] = await ports.store.eventsByNid([nid]);
  const event = stored && parsedEventOf(stored, room.rules);
  if (!event) return undefined;
  return { membership, eventId: event.eventId, event, isOutlier: stored.outlier };
}

/** Who invited them knows the room. */
export const inviterServer = (own: OwnOutside | undefined): ServerName[] =>
  own?.membership === 'invite' ? [serverNameOf(own.event.sender)] : [];
