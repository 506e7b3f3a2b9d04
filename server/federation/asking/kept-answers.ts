import { AtOnce } from '../../log/at-once.ts';
import { FairTurns } from '../../log/fair-turns.ts';
import { ForAWhile } from '../../log/for-a-while.ts';
import { Lru } from '../../log/lru.ts';
import { TurnsOf } from '../../log/turns.ts';
import { CanonicalJsonError, canonicalJson } from '../../protocol/canonical-json.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { badGateway, limitExceeded, MatrixError } from '../../protocol/matrix-error.ts';
import {
  type FederationClient,
  type FederationRequest,
  ServerUnreachable,
  wasSilent,
} from '../federation-client.ts';

export interface Question extends Pick<FederationRequest, 'method' | 'path' | 'content'> {
  /** On behalf of whom: a user, or an address. */
  readonly asker: string;
}

export interface AnswerBounds {
  /** Questions that are under way: half of them at most for one who asks, and a quarter is kept for who has none. */
  readonly atOnce: number;
  readonly ofServer: number;
  /** Under way or waiting for their turn; more are refused. */
  readonly ofAsker: number;
  readonly waiting: number;
  /** Of one answer. */
  readonly bytesMax: number;
  /** Of all that are kept. */
  readonly keptBytesMax: number;
  readonly keptMs: number;
}

export interface AnswerPorts {
  readonly client: Pick<FederationClient, 'ask'>;
  readonly now: () => number;
}

const WITHIN_MS = 10_000;
/** Whoever did not answer is not waited for again so soon. */
const SILENT_MS = 60_000;
const SILENT_KEPT_MAX = 10_000;
const RETRY_MS = 5_000;
const ENTRY_BYTES = 500;

type Answered = { readonly answer: JsonValue } | { readonly refusal: MatrixError };

/**
 * What other servers answer when somebody here wants to look at what is theirs. It is kept for a while, and asked for once
 * by all who want it meanwhile. The names of servers are up to whoever asks, so of everything there is so much at once.
 */
export class KeptAnswers {
  readonly #ports: AnswerPorts;
  readonly #bounds: AnswerBounds;
  readonly #kept: Lru<string, Answered & { readonly untilMs: number }>;
  readonly #underWay = new Map<string, Promise<JsonValue>>();
  readonly #silent: ForAWhile<ServerName>;
  readonly #places: AtOnce<string>;
  readonly #turns: FairTurns;
  readonly #turnsOf: TurnsOf<ServerName>;

  constructor(ports: AnswerPorts, bounds: AnswerBounds) {
    this.#ports = ports;
    this.#bounds = bounds;
    this.#kept = new Lru(bounds.keptBytesMax);
    this.#silent = new ForAWhile(SILENT_KEPT_MAX, ports.now);
    this.#places = new AtOnce({ all: bounds.waiting, ofOne: bounds.ofAsker });
    const { atOnce, waiting, ofAsker } = bounds;
    this.#turns = new FairTurns({
      ...{ atOnce, atOnceOfOne: Math.ceil(atOnce / 2), keptForOthers: Math.floor(atOnce / 4) },
      ...{ waiting, waitingOfOne: ofAsker },
    });
    this.#turnsOf = new TurnsOf(bounds.ofServer);
  }

  /** Throws M_FORBIDDEN and M_NOT_FOUND as they were told, 502 for whoever does not answer, and M_LIMIT_EXCEEDED. */
  async ask(server: ServerName, question: Question): Promise<JsonValue> {
    const key = JSON.stringify([server, question.method, question.path, question.content ?? null]);
    const kept = this.#kept.get(key);
    if (kept && kept.untilMs > this.#ports.now()) return told(kept);
    const before = this.#underWay.get(key);
    if (before) return before;
    const asking = this.#asked(key, server, question).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asking);
    return asking;
  }

  async #asked(key: string, server: ServerName, question: Question): Promise<JsonValue> {
    const giveBack = this.#places.take(question.asker);
    if (!giveBack) throw limitExceeded(RETRY_MS);
    const until = performance.now() + WITHIN_MS;
    try {
      return await this.#turnsOf.run(server, () =>
        this.#turns.run(question.asker, () => this.#inTurn(key, server, question, until)),
      );
    } finally {
      giveBack();
    }
  }

  async #inTurn(
    key: string,
    server: ServerName,
    { method, path, content }: Question,
    until: number,
  ): Promise<JsonValue> {
    if (this.#silent.has(server)) throw badGateway(`${server} did not answer a moment ago`);
    const answersWithinMs = Math.ceil(until - performance.now());
    if (answersWithinMs <= 0) throw limitExceeded(RETRY_MS);
    const { bytesMax } = this.#bounds;
    const request = {
      method,
      path,
      answersWithinMs,
      bytesMax,
      ...(content !== undefined && { content }),
    };
    const answer = await this.#ports.client.ask(server, request).catch((error: unknown) => {
      if (wasSilent(error, answersWithinMs)) this.#silent.add(server, SILENT_MS);
      throw this.#complaintOf(key, error, server);
    });
    this.#keep(key, { answer }, lengthOf(server, answer));
    return answer;
  }

  #complaintOf(key: string, error: unknown, server: ServerName): unknown {
    if (error instanceof ServerUnreachable) return badGateway(error.message, error);
    if (!(error instanceof MatrixError)) return error;
    const known = PASSED_ON[error.status];
    // What it says of itself and us, such as of our signature, is nothing that a client could act upon.
    if (known === undefined) return badGateway(`${server}: ${error.message}`, error);
    const refusal = new MatrixError(error.status, known, error.message, { cause: error });
    this.#keep(key, { refusal }, error.message.length);
    return refusal;
  }

  #keep(key: string, answered: Answered, length: number): void {
    const untilMs = this.#ports.now() + this.#bounds.keptMs;
    this.#kept.set(key, { ...answered, untilMs }, ENTRY_BYTES + 2 * (key.length + length));
  }
}

const PASSED_ON: Readonly<Record<number, string>> = { 403: 'M_FORBIDDEN', 404: 'M_NOT_FOUND' };

function told(answered: Answered): JsonValue {
  if ('refusal' in answered) throw answered.refusal;
  return answered.answer;
}

/** As text, which what is too deep or holds a number beyond all floats has not: it could be told to nobody. */
function lengthOf(server: ServerName, answer: JsonValue): number {
  try {
    return canonicalJson(answer, 'as-found').length;
  } catch (cause) {
    if (!(cause instanceof CanonicalJsonError)) throw cause;
    throw badGateway(`${server} answers what cannot be told: ${cause.message}`, cause);
  }
}
