import { setImmediate as turn } from 'node:timers/promises';
import { withBreaths } from '../../log/breaths.ts';
import { authorize } from '../../protocol/auth-rules/authorize.ts';
import { type Event, stateKeyOf } from '../../protocol/event.ts';
import { contentHashMatches } from '../../protocol/hashes.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { parseEvent, rejectedEvent } from '../../protocol/parse-event.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { RoomPorts } from '../ports.ts';
import { judgeByAuthEvents } from '../receive/auth-events.ts';
import { authOrder } from '../receive/auth-order.ts';
import { withHashedContent } from '../receive/content-hash.ts';
import { complaintsAboutSignatures } from '../receive/signatures.ts';
import { STATE_BYTES_MAX } from '../write/refuse-heavy-state.ts';
import { NotUsable } from './try-servers.ts';

/** A room as another server says that it is, as far as it could prove that. */
export interface ReceivedState {
  readonly rules: RoomVersionRules;
  /** Before our event, each key once. */
  readonly state: readonly Event[];
  /** What these rest on, and what was rejected. */
  readonly others: readonly Event[];
  /** Our event, with the signatures of all who had to sign. */
  readonly event: Event;
}

type Ports = Pick<RoomPorts, 'eventKeys' | 'now' | 'stateBytesMax'>;

const EVENTS_MAX = 200_000;
/** Each may have 64 KiB. */
const AT_ONCE = 10;

/**
 * Checks what was answered to `send_join`: format, signatures, hashes and the auth rules of every event, as of any that is
 * received. Who passes none of the former is left out; whom the rules refuse is rejected, and in no state. Where that would be
 * another room than the one that was told of, it is none.
 */
export async function receivedState(
  ports: Ports,
  answer: JsonObject,
  { event, rules, roomId, server, isPartial = false }: Received,
): Promise<ReceivedState> {
  const own = ownEvent(answer.event, event, rules);
  const [told, chain] = [listIn(answer.state), listIn(answer.auth_chain)];
  if (told.length + chain.length > EVENTS_MAX) throw new NotUsable('it tells of too many events');
  const inState = await parsed(told, { rules, roomId });
  const all = new Map([...(await parsed(chain, { rules, roomId })), ...inState]);
  const { kept, complaints } = await wellSigned({ ...ports, notary: server }, all, rules);
  const judged = await judgedInOrder(kept, rules);
  const state = [...judged.values()].filter((each) => inState.has(each.eventId) && !each.rejected);
  refuseMaimed(state, { told, inState, complaints });
  const beside = isPartial ? own.authEvents.flatMap((id) => judged.get(id) ?? []) : [];
  refuseUnfit(state, { rules, own, beside: beside.filter((each) => !each.rejected) });
  await refuseHeavy(state, ports.stateBytesMax ?? STATE_BYTES_MAX);
  const [proven] = await complaintsAboutSignatures([own], rules, ports);
  if (proven !== undefined) throw new NotUsable(`our own event is not as it must be: ${proven}`);
  const isState = new Set(state);
  const others = [...judged.values()].filter((each) => !isState.has(each));
  return { rules, state, others, event: own };
}

interface Received {
  readonly event: Event;
  readonly rules: RoomVersionRules;
  readonly roomId: RoomId;
  /** It is believed in which events the room has, so it is asked for the keys of servers that are gone. */
  readonly server: ServerName;
  /** Members were left out: who let ours in is among what our event rests on. */
  readonly isPartial?: boolean;
}

/** Who lets somebody into a restricted room signs along. */
export function ownEvent(
  answered: JsonValue | undefined,
  own: Event,
  rules: RoomVersionRules,
): Event {
  if (!isObject(answered)) return own;
  const found = parseEvent(answered, rules);
  return found.ok && isSaidAlike(found.value, own) ? found.value : own;
}

/** Whether what another server answers is our event, but for signatures: what it claims of the content has to be so. */
export const isSaidAlike = (answered: Event, own: Event): boolean =>
  answered.eventId === own.eventId &&
  JSON.stringify(answered.pdu.hashes) === JSON.stringify(own.pdu.hashes) &&
  contentHashMatches(answered.pdu);

const listIn = (value: JsonValue | undefined): readonly JsonValue[] =>
  Array.isArray(value) ? value : [];

/** Of the room; each once. Hashing takes a while, and in between others have their turn. */
async function parsed(
  pdus: readonly JsonValue[],
  { rules, roomId }: { rules: RoomVersionRules; roomId: RoomId },
): Promise<Map<EventId, Event>> {
  const events = new Map<EventId, Event>();
  for (const [index, pdu] of pdus.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await turn();
    const one = isObject(pdu) ? parseEvent(pdu, rules) : undefined;
    if (one?.ok && one.value.roomId === roomId && one.value.stateKey !== undefined)
      events.set(one.value.eventId, one.value);
  }
  return events;
}

type Complaints = ReadonlyMap<EventId, string>;

async function wellSigned(
  ports: Ports & { readonly notary: ServerName },
  events: ReadonlyMap<EventId, Event>,
  rules: RoomVersionRules,
): Promise<{ kept: ReadonlyMap<EventId, Event>; complaints: Complaints }> {
  const all = [...events.values()];
  const said = await complaintsAboutSignatures(all, rules, ports);
  const kept = new Map<EventId, Event>();
  const complaints = new Map<EventId, string>();
  for (const [index, event] of all.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await turn();
    const complaint = said[index];
    if (complaint === undefined) kept.set(event.eventId, withHashedContent(event, rules));
    else complaints.set(event.eventId, complaint);
  }
  return { kept, complaints };
}

/** Those whose auth events are not all there are left out: nobody can say of them whether they are allowed. */
async function judgedInOrder(
  events: ReadonlyMap<EventId, Event>,
  rules: RoomVersionRules,
): Promise<Map<EventId, Event>> {
  const judged = new Map<EventId, Event>();
  const create = [...events.values()].find(({ type }) => type === 'm.room.create');
  for (const [index, event] of (await withBreaths(authOrder(events))).entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await turn();
    const auth = event.authEvents.flatMap((id) => judged.get(id) ?? []);
    if (auth.length < event.authEvents.length) continue;
    const verdict = judgeByAuthEvents(event, auth, { rules, create });
    judged.set(event.eventId, verdict.allowed ? event : rejectedEvent(event));
  }
  return judged;
}

/** By which everybody is judged: without them others would have a say than in the room that was told of. */
const POWER = ['m.room.create', 'm.room.power_levels', 'm.room.join_rules'];

interface Told {
  readonly told: readonly JsonValue[];
  readonly inState: ReadonlyMap<EventId, Event>;
  readonly complaints: Complaints;
}

/** Who may do what, and who hears it, is not to be guessed where part of what was told could not be proved. */
function refuseMaimed(state: readonly Event[], { told, inState, complaints }: Told): void {
  const why = (lost: EventId | undefined) =>
    (lost && complaints.get(lost)) ?? complaints.values().next().value ?? 'the rules refuse it';
  for (const type of POWER) {
    if (!told.some((pdu) => isObject(pdu) && pdu.type === type && pdu.state_key === '')) continue;
    if (state.some((each) => each.type === type && each.stateKey === '')) continue;
    const lost = inState.values().find((each) => each.type === type && each.stateKey === '');
    throw new NotUsable(`its ${type} cannot be believed: ${why(lost?.eventId)}`);
  }
  const isIn = new Set(state.filter(isJoined).map(({ eventId }) => eventId));
  const members = [...inState.values()].filter(isJoined);
  const lost = members.filter(({ eventId }) => !isIn.has(eventId));
  if (2 * lost.length <= members.length) return;
  const counted = `${lost.length} of its ${members.length} members`;
  throw new NotUsable(`${counted} cannot be believed: ${why(lost[0]?.eventId)}`);
}

const isJoined = ({ type, content }: Event): boolean =>
  type === 'm.room.member' && content.membership === 'join';

function refuseUnfit(
  state: readonly Event[],
  { rules, own, beside }: { rules: RoomVersionRules; own: Event; beside: readonly Event[] },
): void {
  const byKey = new Map(state.map((each) => [stateKeyOf(each.type, each.stateKey!), each]));
  if (byKey.size < state.length) throw new NotUsable('it says two things of one key of the state');
  const create = byKey.get(stateKeyOf('m.room.create', ''));
  if (create === undefined) throw new NotUsable('it does not say who created the room');
  if ((create.content.room_version ?? '1') !== rules.version)
    throw new NotUsable('it says that the room has another version than it has');
  const besides = new Map(beside.map((each) => [stateKeyOf(each.type, each.stateKey!), each]));
  const get = (type: string, key: string) =>
    byKey.get(stateKeyOf(type, key)) ?? besides.get(stateKeyOf(type, key));
  const verdict = authorize(own, { get }, rules);
  if (!verdict.allowed) throw new NotUsable(`by the state that it tells: ${verdict.reason}`);
}

async function refuseHeavy(state: readonly Event[], bytesMax: number): Promise<void> {
  let bytes = 0;
  for (const [index, { type, pdu }] of state.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await turn();
    if (type !== 'm.room.member') bytes += JSON.stringify(pdu).length;
    if (bytes > bytesMax) throw new NotUsable('the state is too large');
  }
}
