import { randomBytes } from 'node:crypto';
import type { Event } from '../../protocol/event.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { ownEvent } from '../../protocol/own-event.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { Passage } from '../membership/membership.ts';
import type { Building } from '../write/building.ts';
import { NotUsable } from './try-servers.ts';

/**
 * The event that another server's template becomes. Of that is taken where in the room it stands and who lets the user
 * in; what is said by it is ours.
 */
export function signedTemplate(
  { ports }: Pick<Building, 'ports'>,
  template: JsonObject,
  wish: {
    readonly rules: RoomVersionRules;
    readonly passage: Passage;
    readonly roomId: RoomId;
    readonly userId: UserId;
    readonly content: JsonObject;
  },
): Event {
  const { rules, passage, roomId, userId, content } = wish;
  const { serverName, key } = ports.identity;
  const { auth_events = [], prev_events = [], depth = 1 } = template;
  const pdu = {
    ...{ type: 'm.room.member', sender: userId, state_key: userId, room_id: roomId },
    content: { ...content, ...authoriser(template, passage), membership: passage },
    ...{ auth_events, prev_events, depth, origin_server_ts: ports.now() },
    ...(rules.eventIdForm === 'given' && {
      event_id: `$${randomBytes(18).toString('base64url')}:${serverName}`,
    }),
  };
  const parsed = ownEvent(pdu, rules, serverName, key);
  if (!parsed.ok) throw new NotUsable(`what it gives to sign is no event: ${parsed.reason}`);
  return parsed.value;
}

function authoriser({ content }: JsonObject, passage: Passage): JsonObject {
  const by = (content as JsonObject | undefined)?.join_authorised_via_users_server;
  return passage === 'join' && typeof by === 'string'
    ? { join_authorised_via_users_server: by }
    : {};
}
