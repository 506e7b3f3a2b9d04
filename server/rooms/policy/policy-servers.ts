import { FairTurns } from '../../log/fair-turns.ts';
import { ForAWhile } from '../../log/for-a-while.ts';
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
import type { Draft } from '../draft.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { FoundMember } from '../memory/members.ts';
import { memberFound } from '../memory/members-of-server.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import type { RoomPorts } from '../ports.ts';
import { stateEventAt } from '../write/gather.ts';

/** A policy server that takes its time holds up nobody but the rooms that chose it. */
const TURNS = {
  ...{ atOnce: 100, atOnceOfOne: 20, keptForOthers: 50 },
  ...{ waiting: 2_000, waitingOfOne: 400 },
};
/** Some look at pictures before they sign; for what other servers send these wait. */
const WITHIN_MS = { own: 30_000, received: 15_000 };
/** Who said nothing is not waited for again so soon: each event would wait for it in turn. */
const SILENT_MS = 10_000;
const SILENT_KEPT_MAX = 1_000;

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

/** Which room has which policy server, and what those say of events. */
export class PolicyServers {
  /** However much other servers send unsigned, what people here say waits for none of it. */
  readonly #turns = { own: new FairTurns(TURNS), received: new FairTurns(TURNS) };
  readonly #found = new WeakMap<HotRoom, FoundMember & { readonly server: ServerName }>();
  readonly #silent: ForAWhile<ServerName>;

  constructor(now: () => number) {
    this.#silent = new ForAWhile(SILENT_KEPT_MAX, now);
  }

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
    { by, signal = AbortSignal.timeout(WITHIN_MS[by]) }: Asking,
  ): Promise<Event> {
    const { server } = policy;
    if (this.#silent.has(server) || signal.aborted) throw silent(policy);
    const ask = () => ports.elsewhere!.servers.recommendation(server, event.pdu, WITHIN_MS[by]);
    const answer = await this.#turns[by]
      .run(domainOfServer(server), ask, signal)
      .catch((error: unknown) => {
        const refusal = refusalOf(policy, error, signal);
        if (isSilence(refusal)) this.#silent.add(server, SILENT_MS);
        throw refusal;
      });
    const pdu = withRecommendation(event.pdu, policy, answer);
    const signed = restoreEvent({ ...event, pdu }, rules);
    const [isRecommended] = await areRecommended([signed], rules, policy);
    if (isRecommended) return signed;
    throw forbidden(`${policy.server}, the policy server of this room, has not signed the event`);
  }

  #isIn({ keys }: Around, room: HotRoom, server: ServerName): boolean {
    const last = this.#found.get(room);
    const known = last?.server === server ? last : undefined;
    const found = memberFound(room, keys, server, known);
    this.#found.set(room, { server, ...found });
    return found.keyNid !== undefined;
  }
}

/**
 * For what somebody of ours does. Undefined also of what none is asked about, and of leaving: no account could be closed that is in a
 * room whose policy server refuses that, or is away.
 */
export async function policyServerFor(
  around: Around & { readonly policyServers: PolicyServers },
  room: HotRoom,
  draft: Draft,
): Promise<PolicyServer | undefined> {
  if (!isForPolicyServer(draft) || isLeave(draft)) return undefined;
  return around.policyServers.of(around, room);
}

const isLeave = ({ type, sender, stateKey, content }: Draft): boolean =>
  type === 'm.room.member' && sender === stateKey && content.membership === 'leave';

const isItsWord = (error: unknown): error is MatrixError =>
  error instanceof MatrixError &&
  error.status < 500 &&
  error.status !== 401 &&
  error.errcode !== 'M_UNRECOGNIZED';

const silent = ({ server }: PolicyServer, cause?: unknown): MatrixError =>
  badGateway(`${server}, the policy server of this room, does not answer`, cause);

const isSilence = (error: unknown): boolean => error instanceof MatrixError && error.status >= 500;

/**
 * "That error SHOULD be provided to the client verbatim", but for one by which a client would take its own login for ended, and one that says
 * that there is no policy server, or not any more: that is none of what it thinks of the event.
 */
function refusalOf(policy: PolicyServer, error: unknown, signal: AbortSignal): unknown {
  const isOfServer =
    error instanceof MatrixError || (error instanceof Error && error.name === 'ServerUnreachable');
  if (!isOfServer && error !== signal.reason) return error;
  return isItsWord(error) ? error : silent(policy, error);
}
