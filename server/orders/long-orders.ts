import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Row } from '../log/change.ts';
import { rowsAlone } from '../log/change.ts';
import { commitRows } from '../log/commit-rows.ts';
import { KeyedMutex } from '../log/keyed-mutex.ts';
import type { OutcomeRow } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { MatrixError } from '../protocol/matrix-error.ts';
import { auditRow } from '../storage/accounts/audit.ts';
import { DatabaseUnavailable } from '../storage/database.ts';
import {
  activeOrders,
  longOrder,
  longOrderRow,
  longOrdersOf,
  type StoredOrder,
} from '../storage/long-orders.ts';
import { endsTheWriter } from './ends-the-writer.ts';

export type OrderKind = 'redact-user' | 'redact-related' | 'delete-room' | 'purge-history';

export interface NewOrder {
  readonly kind: OrderKind;
  /** By which name it stands in the audit. */
  readonly action: string;
  readonly target: string;
  readonly by: UserId;
  readonly asked: JsonObject;
  /** Of what is known before it begins. */
  readonly told?: JsonObject | undefined;
}

export interface LongOrder extends Omit<StoredOrder, 'asked' | 'told'> {
  readonly asked: JsonObject;
  readonly told: JsonObject;
}

export interface PreparedOrder {
  readonly orderId: string;
  readonly row: Row;
  begin(): void;
}

/** Harmless twice: a takeover begins it anew. Resolves with what is told of it in the end. */
export type Work = (order: LongOrder, signal: AbortSignal) => Promise<JsonObject>;

export interface OrderPorts {
  readonly stored: Stored;
  /** Those of other kinds are others'. */
  readonly works: Readonly<Partial<Record<OrderKind, Work>>>;
  readonly onError: (error: unknown) => void;
  /** Resolves when it is time to try again what the database was away for. */
  readonly pause?: (signal: AbortSignal) => Promise<unknown>;
}

const AGAIN_MS = 5_000;
const KEPT_MS = 7 * 24 * 3_600_000;

/** Orders that take long: committed before they begin, one behind the other, and gone on with by the next writer. */
export class LongOrders {
  readonly #ports: OrderPorts;
  readonly #end = new AbortController();
  #last: Promise<void> = Promise.resolve();
  readonly #beginning = new KeyedMutex();

  constructor(ports: OrderPorts) {
    this.#ports = ports;
  }

  /** Refused where one of the kind is under way for the target; and nobody else begins one meanwhile. */
  alone<T>(kind: OrderKind, target: string, begin: () => Promise<T>): Promise<T> {
    return this.#beginning.run(`${kind} ${target}`, async () => {
      const others = await this.of(target);
      if (others.some((other) => other.kind === kind && other.status === 'active'))
        throw new MatrixError(400, 'M_UNKNOWN', `${kind} of ${target} is under way already`);
      return begin();
    });
  }

  /** Resolves with its id when it and its record in the audit are committed. */
  async begin(
    { kind, action, target, by, asked, told }: NewOrder,
    outcome: (orderId: string) => OutcomeRow | undefined,
  ): Promise<string> {
    const { log, now } = this.#ports.stored;
    const order = this.#new({ kind, target, by, asked, told });
    const { orderId } = order;
    const detail = JSON.stringify(asked);
    await log.commit((next) => {
      const noted = auditRow({ auditNid: next(), atMs: now(), by, action, target, detail });
      const rows = [rowOf(order), noted];
      return { change: rowsAlone(rows, outcome(orderId)), value: undefined };
    });
    this.#enqueue(order);
    return orderId;
  }

  /** For whoever commits it along with what it belongs to: its row, and what begins it behind that. */
  prepared(wish: Omit<NewOrder, 'action'>): PreparedOrder {
    const order = this.#new(wish);
    return { orderId: order.orderId, row: rowOf(order), begin: () => this.#enqueue(order) };
  }

  async get(orderId: string): Promise<LongOrder | undefined> {
    const stored = await longOrder(this.#ports.stored.database, orderId);
    return stored && orderIn(stored);
  }

  async of(target: string): Promise<readonly LongOrder[]> {
    return (await longOrdersOf(this.#ports.stored.database, target)).map(orderIn);
  }

  /** What the writers of before have left, but for what only a newer release can do. */
  async resume(): Promise<void> {
    for (const order of await this.#left())
      if (Object.hasOwn(this.#ports.works, order.kind)) this.#enqueue(orderIn(order));
  }

  close(): void {
    this.#end.abort();
  }

  #new({ kind, target, by, asked, told = {} }: Omit<NewOrder, 'action'>): LongOrder {
    const now = this.#ports.stored.now().toString(36);
    const orderId = `${now}-${randomBytes(9).toString('base64url')}`;
    return { ...{ orderId, kind, target, by, asked, told }, ...ACTIVE };
  }

  /** Who gave up here would leave them for active until the next takeover. */
  async #left(): Promise<readonly StoredOrder[]> {
    while (!this.#end.signal.aborted) {
      try {
        return await activeOrders(this.#ports.stored.database);
      } catch (error) {
        if (!(error instanceof DatabaseUnavailable)) throw error;
        await this.#pause();
      }
    }
    return [];
  }

  #enqueue(order: LongOrder): void {
    this.#last = this.#last.then(() => this.#run(order)).catch(this.#ports.onError);
  }

  async #run(order: LongOrder): Promise<void> {
    const { signal } = this.#end;
    if (signal.aborted) return;
    const { stored, works } = this.#ports;
    const expiresMs = () => stored.now() + KEPT_MS;
    try {
      const told = await works[order.kind as OrderKind]!(order, signal);
      if (signal.aborted) return;
      await this.#put({ ...order, told, status: 'complete', expiresMs: expiresMs() });
    } catch (error) {
      if (error instanceof DatabaseUnavailable) return this.#again(order);
      if (endsTheWriter(error)) throw error;
      if (!(error instanceof MatrixError)) this.#ports.onError(error);
      const told = { error: error instanceof MatrixError ? error.message : 'The server failed' };
      await this.#put({ ...order, told, status: 'failed', expiresMs: expiresMs() });
    }
  }

  /** Its reads failed, which is not the end of the writer. */
  async #again(order: LongOrder): Promise<void> {
    await this.#pause();
    this.#enqueue(order);
  }

  async #pause(): Promise<void> {
    await (this.#ports.pause ?? aWhile)(this.#end.signal).catch(() => {});
  }

  #put(order: LongOrder): Promise<void> {
    return commitRows(this.#ports.stored.log, [rowOf(order)]);
  }
}

const aWhile = (signal: AbortSignal) => sleep(AGAIN_MS, undefined, { signal, ref: false });

const ACTIVE = { status: 'active', expiresMs: null } as const;

const rowOf = (order: LongOrder) =>
  longOrderRow({
    ...order,
    asked: JSON.stringify(order.asked),
    told: JSON.stringify(order.told),
  });

const orderIn = (stored: StoredOrder): LongOrder => ({
  ...stored,
  asked: JSON.parse(stored.asked) as JsonObject,
  told: JSON.parse(stored.told) as JsonObject,
});
