import { FairTurns } from '../../log/fair-turns.ts';
import type { Event } from '../../protocol/event.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import { badGateway, forbidden, MatrixError } from '../../protocol/matrix-error.ts';
import { restoreEvent } from '../../protocol/parse-event.ts';
import {
  areRecommended,
  isForPolicyServer,
  type PolicyServer,
  policyServerIn,
  withRecommendation,
} from '../../protocol/policy-servers.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import { domainOfServer } from '../../protocol/server-host.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { membersOf } from '../memory/members-of-server.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import type { RoomPorts } from '../ports.ts';
import { stateEventAt } from '../write/gather.ts';

/** A policy server that takes its time holds up nobody but the rooms that chose it. */
const TURNS = { atOnce: 100, atOnceOfOne: 20, waiting: 2_000, waitingOfOne: 400 };
/** Some look at pictures before they sign. */
const WITHIN_MS = 30_000;

/** An event that is signed and allowed, in a room whose policy server is to see it before anybody else does. */
export interface Unseen {
  readonly event: Event;
  readonly rules: RoomVersionRules;
  readonly policy: PolicyServer;
}

interface Asking {
  readonly by: 'own' | 'received';
  readonly signal?: AbortSignal;
}

interface Around {
  readonly ports: Pick<RoomPorts, 'elsewhere' | 'identity' | 'store'>;
  readonly keys: StateKeys;
}

/** Where a member of the policy server was found, as of how many changes of the room's members. */
interface Found {
  readonly server: ServerName;
  readonly keyNid: number | undefined;
  readonly changes: number;
}

/** Which room has which policy server, and what those say of events. */
export class PolicyServers {
  /** However much other servers send unsigned, what people here say waits for none of it. */
  readonly #turns = { own: new FairTurns(TURNS), received: new FairTurns(TURNS) };
  readonly #found = new WeakMap<HotRoom, Found>();

  /**
   * That of the room as it is now; undefined where it has none, or that is not in the room itself, or is this server, which is none:
   * one that runs under our name is asked by all others.
   */
  async of(around: Around, room: HotRoom): Promise<PolicyServer | undefined> {
    const { ports, keys } = around;
    if (!ports.elsewhere) return undefined;
    const event = await stateEventAt(room, ['m.room.policy', ''], { store: ports.store, keys });
    const policy = event && policyServerIn(event.content);
    if (!policy || policy.server === ports.identity.serverName) return undefined;
    return this.#isIn(around, room, policy.server) ? policy : undefined;
  }

  /**
   * The event as its policy server has signed it. Throws what that says of it; M_UNKNOWN (502) where it says nothing in time, and
   * M_LIMIT_EXCEEDED where too much waits for it, or by its own word.
   */
  async signed(
    { ports }: Around,
    { event, rules, policy }: Unseen,
    { by, signal = AbortSignal.timeout(WITHIN_MS) }: Asking,
  ): Promise<Event> {
    const { servers } = ports.elsewhere!;
    const ask = () => servers.recommendation(policy.server, event.pdu);
    const answer = await this.#turns[by]
      .run(domainOfServer(policy.server), ask, signal)
      .catch((error: unknown) => {
        throw refusalOf(policy, error, signal);
      });
    const pdu = withRecommendation(event.pdu, policy, answer);
    const signed = restoreEvent({ ...event, pdu }, rules);
    const [isRecommended] = await areRecommended([signed], rules, policy);
    if (isRecommended) return signed;
    throw forbidden(`${policy.server}, the policy server of this room, has not signed the event`);
  }

  /** The room may have very many members, and is asked at each event: one that was found is looked at first. */
  #isIn({ keys }: Around, room: HotRoom, server: ServerName): boolean {
    const { members } = room;
    const known = this.#found.get(room);
    if (known?.server === server) {
      if (known.keyNid !== undefined && members.get(known.keyNid) === 'join') return true;
      if (known.changes === members.changes) return false;
    }
    const [found] = membersOf(room, keys, server, ['join']);
    this.#found.set(room, { server, keyNid: found?.keyNid, changes: members.changes });
    return found !== undefined;
  }
}

/** Undefined also of an event that none is asked about. */
export async function policyServerFor(
  around: Around & { readonly policyServers: PolicyServers },
  room: HotRoom,
  event: Parameters<typeof isForPolicyServer>[0],
): Promise<PolicyServer | undefined> {
  return isForPolicyServer(event) ? around.policyServers.of(around, room) : undefined;
}

/** "That error SHOULD be provided to the client verbatim", but for one by which a client would take its own login for ended. */
function refusalOf({ server }: PolicyServer, error: unknown, signal: AbortSignal): unknown {
  const isOfServer =
    error instanceof MatrixError || (error instanceof Error && error.name === 'ServerUnreachable');
  if (!isOfServer && error !== signal.reason) return error;
  if (error instanceof MatrixError && error.status < 500 && error.status !== 401) return error;
  return badGateway(`${server}, the policy server of this room, does not answer`, error);
}
