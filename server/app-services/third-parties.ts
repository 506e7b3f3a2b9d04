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
/** At once, of all users and of one: each holds a connection to each service that is asked. */
const QUESTIONS_MAX = 32;
const QUESTIONS_OF_ONE_MAX = 2;
const RETRY_AFTER_MS = 1_000;

/** The networks behind the application services: described, and looked through, by asking these. */
export class ThirdParties {
  readonly #bridges: readonly Bridge[];
  readonly #answersWithinMs: number;
  readonly #now: () => number;
  /** By service and protocol. As many as the operator's registrations name. */
  readonly #described = new Map<string, { untilMs: number; protocol: Promise<Protocol | null> }>();
  readonly #asking = new AtOnce<UserId>({ all: QUESTIONS_MAX, ofOne: QUESTIONS_OF_ONE_MAX });

  constructor(
    services: readonly AppService[],
    { answersWithinMs = ANSWERS_WITHIN_MS, now = Date.now }: ThirdPartyOptions = {},
  ) {
    this.#bridges = services.filter(
      (service): service is Bridge => service.url !== undefined && service.protocols.length > 0,
    );
    this.#answersWithinMs = answersWithinMs;
    this.#now = now;
  }

  /** Those whose services describe them; one that is away is not told of. */
  async protocols(): Promise<Record<string, Protocol>> {
    const names = [...new Set(this.#bridges.flatMap(({ protocols }) => protocols))];
    const described = await Promise.all(
      names.map(async (name) => [name, await this.protocol(name)] as const),
    );
    return Object.fromEntries(
      described.flatMap(([name, protocol]) => (protocol ? [[name, protocol]] : [])),
    );
  }

  /** Several services may bridge to one protocol, each to networks of its own. */
  async protocol(name: string): Promise<Protocol | undefined> {
    const all = await Promise.all(this.#bridgesTo(name).map((each) => this.#describe(each, name)));
    const [first, ...others] = all.filter((each) => each !== null);
    return (
      first && {
        ...first,
        instances: [first, ...others].flatMap(({ instances }) => instances),
      }
    );
  }

  /** Throws M_NOT_FOUND where the services know none. */
  async find(by: UserId, question: ThirdPartyQuestion): Promise<readonly JsonObject[]> {
    const { protocol } = question;
    const asked = protocol === undefined ? this.#bridges : this.#bridgesTo(protocol);
    const answers = await this.#within(by, () =>
      Promise.all(asked.map((each) => this.#found(each, question).catch(() => undefined))),
    );
    const found = answers.flatMap((each) => each ?? []);
    if (found.length > 0) return found;
    if (answers.includes(undefined))
      throw new MatrixError(502, 'M_CONNECTION_FAILED', 'A bridge that was asked did not answer');
    throw notFound(`No ${question.what} was found`);
  }

  #bridgesTo(protocol: string): readonly Bridge[] {
    return this.#bridges.filter(({ protocols }) => protocols.includes(protocol));
  }

  /** Whoever asks meanwhile waits for the same answer. */
  #describe(bridge: Bridge, name: string): Promise<Protocol | null> {
    const key = JSON.stringify([bridge.id, name]);
    const known = this.#described.get(key);
    if (known && this.#now() < known.untilMs) return known.protocol;
    const protocol = this.#asked(bridge, `protocol/${encodeURIComponent(name)}`)
      .then((answer) => protocolIn(answer, bridge.id))
      .catch(() => null);
    const entry = { untilMs: Number.POSITIVE_INFINITY, protocol };
    this.#described.set(key, entry);
    void protocol.then((described) => {
      entry.untilMs = this.#now() + (described ? KEPT_MS : FAILURE_KEPT_MS);
    });
    return protocol;
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

  async #within<T>(by: UserId, ask: () => Promise<T>): Promise<T> {
    const over = this.#asking.take(by);
    if (!over) throw limitExceeded(RETRY_AFTER_MS);
    try {
      return await ask();
    } finally {
      over();
    }
  }
}

const isResult = (value: JsonValue, what: ThirdPartyQuestion['what']): boolean =>
  isObject(value) &&
  typeof value[what === 'user' ? 'userid' : 'alias'] === 'string' &&
  typeof value.protocol === 'string' &&
  isObject(value.fields);
