import { AtOnce } from '../log/at-once.ts';
import type { AppService } from '../protocol/app-service.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/json.ts';
import { limitExceeded, MatrixError, notFound } from '../protocol/matrix-error.ts';
import { askService } from './ask-service.ts';
import { type Protocol, protocolIn } from './third-party-protocol.ts';

/** What clients look for: somebody or a room of a network, or where in networks one of ours is. */
export interface ThirdPartyQuestion {
  readonly what: 'location' | 'user';
  /** Absent where one of ours is looked for in the networks. */
  readonly protocol?: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface ThirdPartyOptions {
  readonly answersWithinMs?: number;
  readonly now?: () => number;
}

type Bridge = AppService & { readonly url: string };

/** A service that does not answer is a client's wait. */
const ANSWERS_WITHIN_MS = 10_000;
const BODY_BYTES_MAX = 256 * 1_024;
/** Descriptions of protocols are asked for by every client that starts. */
const KEPT_MS = 3_600_000;
const FAILURE_KEPT_MS = 10_000;
/** At once to one bridge, of all users and of one: one that hangs takes no places from those to the others. */
const QUESTIONS_MAX = { all: 32, ofOne: 2 };
const RETRY_AFTER_MS = 1_000;

/** The networks behind the application services: described, and looked through, by asking these. */
export class ThirdParties {
  readonly #bridges: readonly Bridge[];
  readonly #answersWithinMs: number;
  readonly #now: () => number;
  /** By service and protocol. As many as the operator's registrations name. */
  readonly #described = new Map<string, Description>();
  readonly #asking: ReadonlyMap<Bridge, AtOnce<UserId>>;

  constructor(
    services: readonly AppService[],
    { answersWithinMs = ANSWERS_WITHIN_MS, now = Date.now }: ThirdPartyOptions = {},
  ) {
    this.#bridges = services.filter(
      (service): service is Bridge => service.url !== undefined && service.protocols.length > 0,
    );
    this.#asking = new Map(this.#bridges.map((bridge) => [bridge, new AtOnce(QUESTIONS_MAX)]));
    this.#answersWithinMs = answersWithinMs;
    this.#now = now;
  }

  /** Those whose services describe them; one that is away is not told of. */
  async protocols(): Promise<Record<string, Protocol>> {
    const names = [...new Set(this.#bridges.flatMap(({ protocols }) => protocols))];
    const described = await Promise.all(
      names.map(async (name) => [name, await this.protocol(name).catch(() => undefined)] as const),
    );
    return Object.fromEntries(
      described.flatMap(([name, protocol]) => (protocol ? [[name, protocol]] : [])),
    );
  }

  /**
   * Several services may bridge to one protocol, each to networks of its own. Throws M_NOT_FOUND where none does, and
   * M_CONNECTION_FAILED where one may that is away.
   */
  async protocol(name: string): Promise<Protocol> {
    const all = await Promise.all(this.#bridgesTo(name).map((each) => this.#describe(each, name)));
    const [first, ...others] = all.filter((each) => each !== null && each !== 'away');
    if (first) return { ...first, instances: [first, ...others].flatMap((each) => each.instances) };
    throw all.includes('away') ? away() : notFound(`There is no bridge to ${name} here`);
  }

  /** Throws M_NOT_FOUND where the services know none. */
  async find(by: UserId, question: ThirdPartyQuestion): Promise<readonly JsonObject[]> {
    const { protocol } = question;
    const asked = protocol === undefined ? this.#bridges : this.#bridgesTo(protocol);
    const answers = await Promise.all(asked.map((each) => this.#foundFor(by, each, question)));
    const found = answers.flatMap((each) => (typeof each === 'string' ? [] : each));
    if (found.length > 0) return found;
    if (answers.includes('busy')) throw limitExceeded(RETRY_AFTER_MS);
    if (answers.includes('away')) throw away();
    throw notFound(`No ${question.what} was found`);
  }

  #bridgesTo(protocol: string): readonly Bridge[] {
    return this.#bridges.filter(({ protocols }) => protocols.includes(protocol));
  }

  /** Whoever asks meanwhile waits for the same answer; where none comes, what was said before holds on. */
  #describe(bridge: Bridge, name: string): Promise<Described> {
    const key = JSON.stringify([bridge.id, name]);
    const known = this.#described.get(key);
    if (known && this.#now() < known.untilMs) return known.protocol;
    const asked = this.#asked(bridge, `protocol/${encodeURIComponent(name)}`)
      .then((answer): Described => protocolIn(answer, bridge.id))
      .catch((): Described => 'away');
    const protocol = asked.then((now) => (now === 'away' && known ? known.protocol : now));
    const entry = { untilMs: Number.POSITIVE_INFINITY, protocol };
    this.#described.set(key, entry);
    void asked.then((now) => {
      const isDescribed = now !== null && now !== 'away';
      entry.untilMs = this.#now() + (isDescribed ? KEPT_MS : FAILURE_KEPT_MS);
    });
    return protocol;
  }

  async #foundFor(
    by: UserId,
    bridge: Bridge,
    question: ThirdPartyQuestion,
  ): Promise<readonly JsonObject[] | 'busy' | 'away'> {
    const over = this.#asking.get(bridge)!.take(by);
    if (!over) return 'busy';
    try {
      return await this.#found(bridge, question);
    } catch {
      return 'away';
    } finally {
      over();
    }
  }

  async #found(
    bridge: Bridge,
    { what, protocol, fields }: ThirdPartyQuestion,
  ): Promise<JsonObject[]> {
    const place = protocol === undefined ? what : `${what}/${encodeURIComponent(protocol)}`;
    const answer = await this.#asked(bridge, `${place}?${new URLSearchParams(fields)}`);
    if (answer === undefined) return [];
    if (!Array.isArray(answer)) throw new Error(`${bridge.id} gave no list`);
    return answer.filter((each): each is JsonObject => isResult(each, what));
  }

  /** Undefined where it answers that there is none. */
  async #asked(bridge: Bridge, path: string): Promise<JsonValue | undefined> {
    const { status, body } = await askService(
      bridge,
      { method: 'GET', path: `/_matrix/app/v1/thirdparty/${path}` },
      { signal: AbortSignal.timeout(this.#answersWithinMs), bytesMax: BODY_BYTES_MAX },
    );
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`${bridge.id} answered ${status}`);
    return JSON.parse(body) as JsonValue;
  }
}

/** Null where a service has answered, and describes nothing. */
type Described = Protocol | null | 'away';

interface Description {
  untilMs: number;
  readonly protocol: Promise<Described>;
}

const away = () =>
  new MatrixError(502, 'M_CONNECTION_FAILED', 'A bridge that was asked did not answer');

const isResult = (value: JsonValue, what: ThirdPartyQuestion['what']): boolean =>
  isObject(value) &&
  typeof value[what === 'user' ? 'userid' : 'alias'] === 'string' &&
  typeof value.protocol === 'string' &&
  isObject(value.fields);
