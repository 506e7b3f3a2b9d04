import type { Event } from '../../protocol/event.ts';
import type { EventId, ServerName } from '../../protocol/identifiers.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import {
  areRecommended,
  isForPolicyServer,
  type PolicyServer,
} from '../../protocol/policy-servers.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { ComingAgain, comeAgain } from '../receive/coming-again.ts';
import type { Building } from '../write/building.ts';

/** For all that came at once: its server waits for the answer. */
const WITHIN_MS = 15_000;
const AT_ONCE = 4;
const AGAIN_KEPT_MAX = 1_000;

/** What the room's policy server has made of an event of another server. */
export interface Recommendation {
  /** With its signature, where it was asked for that and gave it. */
  readonly event: Event;
  /** Why the event is to be soft-failed. */
  readonly whyNot?: string | undefined;
  /** It said nothing. */
  readonly isSilent?: boolean;
}

type Recommended = ReadonlyMap<EventId, Recommendation>;

const NOTHING_TO_ASK: Recommended = new Map();

/** What policy servers say of the events of other servers. */
export class Recommendations {
  readonly #building: Building;
  /** Policy servers that say nothing: behind that it is soft-failed, until one answers. */
  readonly #again = new ComingAgain<ServerName>(AGAIN_KEPT_MAX);

  constructor(building: Building) {
    this.#building = building;
  }

  /**
   * Asks the room's policy server for what it has not signed (server-server API, "Validating Policy Server signatures"): the
   * event's server may not know that there is one, or the key may be a new one. Answers those of which it was asked; what is here
   * already is not asked again. Throws M_LIMIT_EXCEEDED where it does not answer just now: twice at most on end, or a room could keep
   * all of what its servers say to this one waiting.
   */
  async of(room: HotRoom, events: readonly Event[]): Promise<Recommended> {
    const policy = await this.#building.policyServers.of(this.#building, room);
    if (!policy) return NOTHING_TO_ASK;
    const unsigned = await this.#unsigned(room, policy, events);
    const told = await this.#told(room, policy, unsigned);
    const answers = [...told.values()];
    if (answers.some(({ isSilent }) => !isSilent)) this.#again.forget(policy.server);
    const isSilent = answers.some((each) => each.isSilent);
    if (isSilent && this.#again.may(policy.server)) throw comeAgain();
    return told;
  }

  async #unsigned({ rules }: HotRoom, policy: PolicyServer, events: readonly Event[]) {
    const subject = events.filter(isForPolicyServer);
    const isSigned = await areRecommended(subject, rules, policy);
    const unsigned = subject.filter((_, index) => !isSigned[index]);
    if (unsigned.length === 0) return unsigned;
    const { store } = this.#building.ports;
    const stored = await store.eventsById(unsigned.map(({ eventId }) => eventId));
    const known = new Set(stored.flatMap((each) => (each.outlier ? [] : [each.eventId])));
    return unsigned.filter(({ eventId }) => !known.has(eventId));
  }

  /** A few at once, so that a full transaction takes no more turns than a few others together. */
  async #told({ rules }: HotRoom, policy: PolicyServer, events: readonly Event[]) {
    const signal = AbortSignal.timeout(WITHIN_MS);
    const told = new Map<EventId, Recommendation>();
    const queue = events.values();
    const lane = async () => {
      for (const event of queue)
        told.set(event.eventId, await this.#askedOf({ event, rules, policy }, signal));
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, events.length) }, lane));
    return told;
  }

  async #askedOf(
    unseen: Parameters<Building['policyServers']['signed']>[1],
    signal: AbortSignal,
  ): Promise<Recommendation> {
    const { event, policy } = unseen;
    const { policyServers } = this.#building;
    try {
      const asking = { by: 'received', signal } as const;
      return { event: await policyServers.signed(this.#building, unseen, asking) };
    } catch (error) {
      if (!(error instanceof MatrixError)) throw error;
      const whyNot = `${policy.server} does not recommend it: ${error.message}`;
      return { event, whyNot, isSilent: error.status === 429 || error.status >= 500 };
    }
  }
}
