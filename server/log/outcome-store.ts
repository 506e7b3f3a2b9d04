import { hash } from 'node:crypto';
import type { SessionRequest } from '../protocol/interactive-auth.ts';
import type { Database } from '../storage/database.ts';
import { findOutcomes, OUTCOME_KEY_BYTES, type StoredOutcome } from '../storage/outcomes.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import type { Log } from './log.ts';
import { outcomeBytes, outcomeIn } from './outcome-body.ts';
import { OutcomeKeys, type OutcomeKeysPorts } from './outcome-keys.ts';
import type { Once, OnceKey, Outcome, OutcomeRow, Outcomes, Told } from './outcomes.ts';
import { Rounds } from './rounds.ts';

/** Hides the bodies that hold tokens; made from the cluster's secret. */
export interface Seal {
  seal(plain: Buffer): Buffer;
  open(sealed: Buffer): Buffer;
}

const DAY_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;
/** A session's twice as long as the session, whose end is told by clocks that may differ from site to site. */
const KEPT_MS = {
  ...{ txn: DAY_MS, transaction: DAY_MS },
  ...{ request: 10 * MINUTE_MS, session: 30 * MINUTE_MS },
};
const REMEMBERED_BYTES_MAX = 16 * 1_048_576;

export interface OutcomeStorePorts extends OutcomeKeysPorts {
  /** For single look-ups, which nothing large holds up. */
  readonly database: Database;
  readonly seal: Seal;
  readonly log: Pick<Log, 'onOutcomes'>;
}

type Key = OnceKey | (SessionRequest & { kind: 'session' });

/** Exactly once, for what is not naturally idempotent (D6). Only in the writer, behind its takeover. */
export class OutcomeStore implements Outcomes {
  readonly #seal: Seal;
  readonly #lookUp: (key: Buffer) => Promise<StoredOutcome | undefined>;
  readonly #inFlight = new Map<string, Promise<Told<object>>>();
  readonly #sessions = new KeyedMutex();
  readonly #keys: OutcomeKeys;
  readonly #remembered = new RememberedOutcomes(REMEMBERED_BYTES_MAX);

  constructor(ports: OutcomeStorePorts) {
    this.#seal = ports.seal;
    this.#keys = new OutcomeKeys(ports, Math.max(...Object.values(KEPT_MS)));
    this.#lookUp = batchedLookUp(ports.database);
    // Only what is committed: an attempt may have made an outcome that was refused, and another then.
    ports.log.onOutcomes((rows) => {
      for (const { key, outcome, body } of rows)
        this.#remembered.add(nameOf(key), outcome, body.length);
    });
  }

  /** From then on only what may be there is looked up. Resolves when it is known which that are. */
  begin(): Promise<void> {
    return this.#keys.read();
  }

  close(): void {
    this.#keys.close();
  }

  run<T extends object>(key: OnceKey, attempt: (once: Once) => Promise<T>): Promise<Told<T>> {
    return this.#run(key, attempt);
  }

  /** One at a time: what one request fails of is not the other's failure. */
  async runInSession<T extends object>(
    of: SessionRequest,
    attempt: (once: Once) => Promise<T>,
  ): Promise<Told<T> | { kind: 'spent' }> {
    const key = { kind: 'session', ...of } as const;
    const told = await this.#sessions.run(of.sessionId, () => this.#run(key, attempt));
    const isOfAnother = told.kind === 'repeat' && told.outcome.request !== of.request;
    return isOfAnother ? { kind: 'spent' } : told;
  }

  async #run<T extends object>(
    onceKey: Key,
    attempt: (once: Once) => Promise<T>,
  ): Promise<Told<T>> {
    const key = hashOf(onceKey);
    const name = nameOf(key);
    const known = this.#remembered.get(name);
    if (known) return { kind: 'repeat', outcome: known };
    const first = this.#inFlight.get(name) as Promise<Told<T>> | undefined;
    if (first) return asRepeat(await first, this.#remembered.get(name));

    const mine = this.#runFirst(key, onceKey, attempt);
    this.#inFlight.set(name, mine);
    try {
      return await mine;
    } finally {
      this.#inFlight.delete(name);
    }
  }

  async #runFirst<T extends object>(
    key: Buffer,
    onceKey: Key,
    attempt: (once: Once) => Promise<T>,
  ): Promise<Told<T>> {
    const stored = this.#keys.lacks(key) ? undefined : await this.#lookUp(key);
    if (stored) return { kind: 'repeat', outcome: this.#readAndRemember(stored) };
    const of = onceKey.kind === 'session' ? { request: onceKey.request } : {};
    const named = { key, keptMs: KEPT_MS[onceKey.kind] };
    const answer = await attempt({
      outcome: (status, body, options) =>
        this.#row({ ...named, outcome: { status, body, ...of }, secret: options?.secret ?? false }),
    });
    return { kind: 'ran', answer };
  }

  #row(entry: Pick<OutcomeRow, 'key' | 'keptMs' | 'outcome' | 'secret'>): OutcomeRow {
    this.#keys.add(entry.key);
    const plain = outcomeBytes(entry.outcome);
    const body = entry.secret ? this.#seal.seal(plain) : plain;
    return { ...entry, status: entry.outcome.status, body };
  }

  #readAndRemember({ key, status, body, secret }: StoredOutcome): Outcome {
    const plain = secret ? this.#seal.open(body) : body;
    const outcome = { status, ...outcomeIn(plain) };
    this.#remembered.add(nameOf(key), outcome, body.length);
    return outcome;
  }
}

/** Repeats mostly come within seconds. */
class RememberedOutcomes {
  readonly #bytesMax: number;
  readonly #outcomes = new Map<string, { outcome: Outcome; bytes: number }>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(name: string): Outcome | undefined {
    return this.#outcomes.get(name)?.outcome;
  }

  add(name: string, outcome: Outcome, bodyBytes: number): void {
    if (this.#outcomes.has(name)) return;
    const bytes = bodyBytes + ENTRY_BYTES;
    this.#outcomes.set(name, { outcome, bytes });
    this.#bytes += bytes;
    for (const [oldest, { bytes }] of this.#outcomes) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#outcomes.delete(oldest);
      this.#bytes -= bytes;
    }
  }
}

/** What an outcome costs beside its body: a name, three objects, a place in the map (measured: 250 bytes). */
const ENTRY_BYTES = 300;

/** Who joined an attempt gets its outcome; an attempt that left none is answered as it is. */
const asRepeat = <T>(first: Told<T>, outcome: Outcome | undefined): Told<T> =>
  first.kind === 'ran' && outcome ? { kind: 'repeat', outcome } : first;

/** 128 bits: nobody gains by two requests of their own that collide, and others' names are not theirs. */
function hashOf(key: Key): Buffer {
  return hash('sha256', JSON.stringify(partsOf(key)), 'buffer').subarray(0, OUTCOME_KEY_BYTES);
}

function partsOf(key: Key): string[] {
  switch (key.kind) {
    case 'request':
      return ['request', key.requestId];
    case 'session':
      return ['session', key.sessionId];
    case 'transaction':
      return ['transaction', key.origin, key.txnId];
    case 'txn':
      return [
        ...['txn', key.userId, key.deviceId, key.operation, key.path, key.txnId],
        ...(key.service === undefined ? [] : [key.service]),
      ];
    default:
      return key satisfies never;
  }
}

const nameOf = (key: Buffer): string => key.toString('latin1');

/** What is asked for while a look-up is under way goes together in the next one; each key once, since repeats join the first. */
function batchedLookUp(database: Database) {
  let asked = new Map<string, { key: Buffer; settle: PromiseWithResolvers<Found> }>();

  const rounds = new Rounds({
    isThere: () => asked.size > 0,
    async round() {
      const these = asked;
      asked = new Map();
      try {
        const keys = [...these.values()].map(({ key }) => key);
        const rows = await findOutcomes(database, keys);
        const found = new Map(rows.map((row) => [nameOf(row.key), row]));
        for (const [name, { settle }] of these) settle.resolve(found.get(name));
      } catch (error) {
        for (const { settle } of these.values()) settle.reject(error);
      }
    },
  });

  return (key: Buffer): Promise<Found> => {
    const settle = Promise.withResolvers<Found>();
    asked.set(nameOf(key), { key, settle });
    rounds.wake();
    return settle.promise;
  };
}
type Found = StoredOutcome | undefined;
