import type { Event } from '../../protocol/event.ts';
import {
  type EventId,
  type RoomId,
  type ServerName,
  serverNameOf,
  type UserId,
} from '../../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import {
  forbidden,
  invalidParam,
  MatrixError,
  refuseWhoMustWait,
} from '../../protocol/matrix-error.ts';
import { parseEvent } from '../../protocol/parse-event.ts';
import { type RoomVersionRules, rulesOf } from '../../protocol/room-versions.ts';
import { addSignature } from '../../protocol/signatures.ts';
import { refuseBlocking } from '../membership/blocking.ts';
import type { Membership, RoomMembership } from '../membership/membership.ts';
import { withHashedContent } from '../receive/content-hash.ts';
import type { RoomReceiver } from '../receive/room-receiver.ts';
import { complaintsAboutSignatures } from '../receive/signatures.ts';
import type { Building } from '../write/building.ts';
import { isIn } from './known-outside.ts';
import { keepOutside } from './outside-membership.ts';
import { StrangerInvites } from './stranger-invites.ts';
import { strippedFrom } from './stripped.ts';

export interface Invitation {
  readonly server: ServerName;
  readonly roomId: RoomId;
  /** As the other server has computed it. */
  readonly eventId: EventId;
  readonly version: string;
  readonly pdu: JsonObject;
  /** The room's state, stripped or not. */
  readonly told: JsonValue | undefined;
}

/** Invites of our users by other servers. */
export class Invitations {
  readonly #building: Building;
  readonly #receiver: RoomReceiver;
  readonly #strangers = new StrangerInvites();

  constructor(building: Building, receiver: RoomReceiver) {
    this.#building = building;
    this.#receiver = receiver;
  }

  /** Of whom, once it is known to be an invite of a user of ours; nothing is kept yet. */
  parsed(invitation: Invitation): { event: Event; rules: RoomVersionRules; target: UserId } {
    const rules = rulesOf(invitation.version);
    if (!rules) throw incompatible(invitation.version);
    const event = invited(invitation, rules);
    const target = event.stateKey as UserId;
    if (serverNameOf(target) !== this.#building.ports.identity.serverName)
      throw invalidParam('The invite is of nobody of this server');
    return { event, rules, target };
  }

  /** Answers the event with our signature when the user is shown it. Harmless when repeated. */
  async take(invitation: Invitation): Promise<JsonObject> {
    const { ports, rooms } = this.#building;
    const { event, rules, target } = this.parsed(invitation);
    const [complaint] = await complaintsAboutSignatures([event], rules, ports);
    if (complaint !== undefined) throw forbidden(complaint);
    await refuseBlocking(ports, { by: event.sender, invited: [target] });
    if ((await this.#building.blocked.by(event.roomId)) !== undefined)
      throw forbidden('This room has been blocked on this server');
    const { serverName, key } = ports.identity;
    const pdu = addSignature(event.pdu, rules, serverName, key);
    const signed = parseEvent(pdu, rules);
    if (!signed.ok) throw invalidParam(signed.reason);
    if (isIn(this.#building, await rooms.get(event.roomId))) await this.#receive(invitation, pdu);
    else {
      await this.#refuseTooMany(event, target);
      const told = strippedFrom(invitation.told);
      const kept = withHashedContent(signed.value, rules);
      await keepOutside(this.#building, { rules, event: kept, told });
    }
    return pdu;
  }

  /** What waits for an answer lies in each /sync of its user from the start, and is swept away by nobody. */
  async #refuseTooMany({ roomId, sender }: Event, target: UserId): Promise<void> {
    const { userRooms, ports } = this.#building;
    const known = await userRooms.of(target);
    // It takes the place of the one that is there.
    if (known.get(roomId)?.membership === 'invite') return;
    if (countOf(known, 'invite') >= PENDING_MAX)
      throw forbidden(`${target} has not answered ${PENDING_MAX} invites yet`);
    if (countOf(await userRooms.of(sender), 'join') > 0) return;
    const server = serverNameOf(sender);
    refuseWhoMustWait(this.#strangers.take({ target, server }, ports.now()));
  }

  /** Where somebody of ours is in the room it comes to all its servers, too: it may be built on what is not here yet. */
  async #receive({ roomId, server: origin }: Invitation, pdu: JsonObject): Promise<void> {
    // Asked before, since what is refused for what it is built on is no refusal of the invite.
    const why = await this.#receiver.whyNotFrom(roomId, origin);
    if (why !== undefined) throw forbidden(why);
    const [received] = await this.#receiver.receive(roomId, [pdu], { origin, isPushed: true });
    if (received!.kind === 'rejected' || received!.kind === 'soft-failed')
      throw forbidden(received!.reason);
  }
}

/** Of one user, by whomever. */
export const PENDING_MAX = 1_000;

function countOf(rooms: ReadonlyMap<RoomId, RoomMembership>, wanted: Membership): number {
  let count = 0;
  for (const { membership } of rooms.values()) if (membership === wanted) count += 1;
  return count;
}

/** "M_INVALID_PARAM" for all that is no invite (PUT /invite). */
function invited({ server, roomId, eventId, pdu }: Invitation, rules: RoomVersionRules): Event {
  const parsed = parseEvent(pdu, rules);
  if (!parsed.ok) throw invalidParam(`Not an event of this room: ${parsed.reason}`);
  const event = parsed.value;
  const { type, sender, stateKey, content } = event;
  if (event.roomId !== roomId) throw invalidParam('The event is of another room');
  if (event.eventId !== eventId) throw invalidParam('The event has another id than the path says');
  if (type !== 'm.room.member' || content.membership !== 'invite' || !stateKey?.startsWith('@'))
    throw invalidParam('Not an invite');
  if (serverNameOf(sender) !== server) throw forbidden('Not of a user of your server');
  return event;
}

const incompatible = (version: string) =>
  new MatrixError(400, 'M_INCOMPATIBLE_ROOM_VERSION', 'This server does not know the version', {
    fields: { room_version: version },
  });
