import { commitRows } from '../../log/commit-rows.ts';
import { authorize } from '../../protocol/auth-rules/authorize.ts';
import type { Event } from '../../protocol/event.ts';
import {
  type EventId,
  parsedIn,
  parseUserId,
  type RoomId,
  type ServerName,
  serverNameOf,
} from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { forbidden, invalidParam, notFound } from '../../protocol/matrix-error.ts';
import { parseEvent, restoreEvent } from '../../protocol/parse-event.ts';
import { addSignature } from '../../protocol/signatures.ts';
import type { Passage } from '../membership/membership.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { RoomReads } from '../read/room-reads.ts';
import { STRIPPED_TYPES } from '../read/room-view.ts';
import { pduText } from '../read/stored-event.ts';
import type { RoomReceiver } from '../receive/room-receiver.ts';
import type { Building } from '../write/building.ts';
import { gather } from '../write/gather.ts';
import { authorisedContent } from './authorised-content.ts';
import { refuseAbsent, refuseBlocked, refuseByAcl, refusePartial } from './refuse-server.ts';

export interface Submission {
  readonly server: ServerName;
  readonly passage: Passage;
  /** As the other server has computed it. */
  readonly eventId: EventId;
  readonly pdu: JsonObject;
}

/** Takes in what became of the templates that `Handshake` made. */
export class Submissions {
  readonly #building: Building;
  readonly #reads: RoomReads;
  readonly #receiver: RoomReceiver;

  constructor(building: Building, reads: RoomReads, receiver: RoomReceiver) {
    this.#building = building;
    this.#reads = reads;
    this.#receiver = receiver;
  }

  /** Resolves when it is committed. Harmless when repeated. */
  async take(roomId: RoomId, submission: Submission): Promise<void> {
    const room = await this.#building.rooms.get(roomId);
    if (!room?.isCommitted) throw notFound('This server does not know the room');
    await refuseByAcl(room, this.#reads, submission.server);
    refuseAbsent(room, this.#building.keys, this.#building.ports.identity.serverName);
    refusePartial(room);
    await refuseBlocked(this.#building, roomId, submission.passage);
    const event = submitted(room, submission);
    const signed = await this.#vouchedFor(room, event);
    await this.#refuseByRules(room, signed);
    await this.#noteToPassOn(room, signed);
    const { server: origin } = submission;
    const [received] = await this.#receiver.receive(roomId, [signed.pdu], { origin });
    if (received!.kind === 'refused') throw invalidParam(received!.reason);
    // A room that is partial takes nobody in.
    if (received!.kind === 'held') throw notFound('The members of the room are not known here yet');
    if (received!.kind !== 'accepted') throw forbidden(received!.reason);
  }

  /**
   * Before it is taken in: from then on the others in the room are told of it, whoever is the writer. Where nothing comes of
   * it, the note says nothing of any event.
   */
  #noteToPassOn({ nid }: HotRoom, { eventId }: Event): Promise<void> {
    const { log, store } = this.#building.ports;
    return commitRows(log, [store.rows.passedOn(eventId, nid)]);
  }

  /** The state by which somebody tells which room it is, as it was signed. */
  async identifying(roomId: RoomId): Promise<string[]> {
    const room = await this.#building.rooms.get(roomId);
    if (!room?.isCommitted) throw notFound('This server does not know the room');
    const nids = STRIPPED_TYPES.flatMap((type) => {
      const key = this.#building.keys.find(type, '');
      return (key && room.state.get(key.keyNid)) ?? [];
    });
    const stored = await this.#building.ports.store.eventsByNid(nids);
    return stored.map((each) => pduText(each, room.rules));
  }

  /** Asked before it is taken in, so that nothing is kept of what is refused. */
  async #refuseByRules(room: HotRoom, event: Event): Promise<void> {
    const { ports, keys } = this.#building;
    const state = await gather(room, event, { store: ports.store, keys });
    if (state.get('m.room.member', event.sender)?.eventId === event.eventId) return;
    const verdict = authorize(event, state, room.rules);
    if (!verdict.allowed) throw forbidden(verdict.reason);
  }

  /** Who is let in by a member of this server is signed for by it, if they still may come in. */
  async #vouchedFor(room: HotRoom, event: Event): Promise<Event> {
    const { serverName, key } = this.#building.ports.identity;
    const { join_authorised_via_users_server: by, membership } = event.content;
    if (!room.rules.restrictedJoins || by === undefined) return event;
    const authoriser = parsedIn(by, parseUserId);
    if (!authoriser || serverNameOf(authoriser) !== serverName)
      throw invalidParam('Whoever lets them in is not of this server');
    if (membership === 'join') await authorisedContent(this.#building, room, event.sender);
    const pdu = addSignature(event.pdu, room.rules, serverName, key);
    return restoreEvent({ ...event, pdu }, room.rules);
  }
}

/** "Servers SHOULD return M_INVALID_PARAM" for all of it (PUT /send_join and its like). */
function submitted(room: HotRoom, { server, passage, eventId, pdu }: Submission): Event {
  const parsed = parseEvent(pdu, room.rules);
  if (!parsed.ok) throw invalidParam(`Not an event of this room: ${parsed.reason}`);
  const event = parsed.value;
  const { type, sender, stateKey, content } = event;
  if (event.roomId !== room.roomId) throw invalidParam('The event is of another room');
  if (event.eventId !== eventId) throw invalidParam('The event has another id than the path says');
  if (type !== 'm.room.member' || content.membership !== passage)
    throw invalidParam(`Not a ${passage} event`);
  if (stateKey !== sender || serverNameOf(sender) !== server)
    throw invalidParam('Not of a user of your server about themselves');
  return event;
}
