import { createHash } from 'node:crypto';
import type { JsonObject } from '../protocol/json.ts';
import type { Database } from '../storage/database.ts';
import { findOutcomes, type StoredOutcome } from '../storage/outcomes.ts';
import type { Once, OnceKey, Outcome, OutcomeRow, Outcomes } from './outcomes.ts';

/** Hides the bodies that hold tokens; made from the cluster's secret. */
export interface Seal {
  seal(plain: Buffer): Buffer;
  open(sealed: Buffer): Buffer;
}

const KEPT_MS = { txn: 24 * 3_600_000, request: 600_000 };
const REMEMBERED_MAX = 10_000;

type Result<T> = { kind: 'ran'; answer: T } | { kind: 'repeat'; outcome: Outcome };

/** Exactly once, for what is not naturally idempotent (D6). Only in the writer, behind its takeover. */
export class OutcomeStore implements Outcomes {
  readonly #seal: Seal;
  readonly #lookUp: (key: Buffer) => Promise<StoredOutcome | undefined>;
  readonly #inFlight = new Map<string, Promise<Result<object>>>();
  /** Repeats mostly come within seconds. */
  readonly #remembered = new Map<string, Outcome>();

  constructor(database: Database, seal: Seal) {
    this.#seal = seal;
    this.#lookUp = batchedLookUp(database);
  }

  async run<T extends object>(
    onceKey: OnceKey,
    attempt: (once: Once) => Promise<T>,
  ): Promise<Result<T>> {
    const key = hashOf(onceKey);
    const name = key.toString('latin1');
    const known = this.#remembered.get(name);
    if (known) return { kind: 'repeat', outcome: known };
    const first = this.#inFlight.get(name) as Promise<Result<T>> | undefined;
    if (first) return asRepeat(await first, this.#remembered.get(name));

    const mine = this.#runFirst(key, KEPT_MS[onceKey.kind], attempt);
    this.#inFlight.set(name, mine);
    try {
      return await mine;
    } finally {
      this.#inFlight.delete(name);
    }
  }

  async #runFirst<T extends object>(
    key: Buffer,
    keptMs: number,
    attempt: (once: Once) => Promise<T>,
  ): Promise<Result<T>> {
    const stored = await this.#lookUp(key);
    if (stored) return { kind: 'repeat', outcome: this.#remember(key, this.#read(stored)) };
    let row: OutcomeRow | undefined;
    const answer = await attempt({
      outcome: (status, body, options) => {
        row = this.#row({ key, keptMs, status, body, secret: options?.secret ?? false });
        return row;
      },
    });
    if (row) this.#remember(key, row.outcome);
    return { kind: 'ran', answer };
  }

  #row(entry: {
    key: Buffer;
    keptMs: number;
    status: number;
    body: JsonObject;
    secret: boolean;
  }): OutcomeRow {
    const { body: json, ...rest } = entry;
    const plain = Buffer.from(JSON.stringify(json));
    const body = entry.secret ? this.#seal.seal(plain) : plain;
    return { ...rest, body, outcome: { status: entry.status, body: json } };
  }

  #read({ status, body, secret }: StoredOutcome): Outcome {
    const plain = secret ? this.#seal.open(body) : body;
    return { status, body: JSON.parse(plain.toString()) as JsonObject };
  }

  #remember(key: Buffer, outcome: Outcome): Outcome {
    if (this.#remembered.size >= REMEMBERED_MAX) {
      for (const oldest of this.#remembered.keys()) {
        this.#remembered.delete(oldest);
        break;
      }
    }
    this.#remembered.set(key.toString('latin1'), outcome);
    return outcome;
  }
}

/** Who joined an attempt gets its outcome; an attempt that left none is answered as it is. */
const asRepeat = <T>(first: Result<T>, outcome: Outcome | undefined): Result<T> =>
  first.kind === 'ran' && outcome ? { kind: 'repeat', outcome } : first;

/** 128 bits: nobody gains by two requests of their own that collide, and others' names are not theirs. */
function hashOf(key: OnceKey): Buffer {
  const parts =
    key.kind === 'txn'
      ? ['txn', key.userId, key.deviceId, key.operation, key.path, key.txnId]
      : ['request', key.requestId];
  return createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16);
}

/** What is asked for while a look-up is under way goes together in the next one; each key once, since repeats join the first. */
function batchedLookUp(database: Database) {
  let asked = new Map<string, { key: Buffer; settle: PromiseWithResolvers<Found> }>();
  let running = false;

  async function run() {
    while (asked.size > 0) {
      const round = asked;
      asked = new Map();
      try {
        const rows = await findOutcomes(
          database,
          [...round.values()].map(({ key }) => key),
        );
        const found = new Map(rows.map((row) => [row.key.toString('latin1'), row]));
        for (const [name, { settle }] of round) settle.resolve(found.get(name));
      } catch (error) {
        for (const { settle } of round.values()) settle.reject(error);
      }
    }
    running = false;
  }

  return (key: Buffer): Promise<Found> => {
    const settle = Promise.withResolvers<Found>();
    asked.set(key.toString('latin1'), { key, settle });
    if (!running) {
      running = true;
      setImmediate(() => void run());
    }
    return settle.promise;
  };
}
type Found = StoredOutcome | undefined;
