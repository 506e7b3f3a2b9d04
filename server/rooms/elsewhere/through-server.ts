import type { Event } from '../../protocol/event.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { type RoomVersionRules, roomVersions, rulesOf } from '../../protocol/room-versions.ts';
import type { Origin } from '../draft.ts';
import type { MembershipChange, Passage } from '../membership/membership.ts';
import type { Building } from '../write/building.ts';
import type { OtherServers } from './other-servers.ts';
import { signedTemplate } from './signed-template.ts';

/** One of our users on the way into a room in which nobody of this server is, or out of it. */
export interface Passing {
  readonly roomId: RoomId;
  readonly change: MembershipChange;
  /** What our event says besides. */
  readonly content: JsonObject;
  readonly origin: Origin<EventId>;
}

export interface Signed {
  readonly rules: RoomVersionRules;
  readonly event: Event;
}

export interface Passed extends Signed {
  /** What the server told when it took the event. */
  readonly answer: JsonObject;
}

export type PassingThrough = Passing & { readonly server: ServerName; readonly passage: Passage };

/** The event that the server's template becomes. */
export async function signedFor(
  building: Building,
  servers: OtherServers,
  { server, passage, roomId, change, content }: PassingThrough,
): Promise<Signed> {
  const asked = { passage, roomId, userId: change.target };
  const versions = roomVersions();
  const { version, event: template } = await servers.template(server, { ...asked, versions });
  const rules = knownRules(version);
  return { rules, event: signedTemplate(building, template, { ...asked, rules, content }) };
}

/** The same, as the server took it. */
export async function throughServer(
  building: Building,
  servers: OtherServers,
  wish: PassingThrough,
): Promise<Passed> {
  const signed = await signedFor(building, servers, wish);
  const { server, passage, roomId } = wish;
  const { eventId, pdu } = signed.event;
  const answer = await servers.submit(server, { passage, roomId, eventId, pdu });
  return { ...signed, answer };
}

function knownRules(version: string): RoomVersionRules {
  const rules = rulesOf(version);
  if (rules) return rules;
  const message = `The room has the version ${version}, which this server does not know`;
  throw new MatrixError(400, 'M_UNSUPPORTED_ROOM_VERSION', message);
}
