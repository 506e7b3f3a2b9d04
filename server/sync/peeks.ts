import type { Log } from '../log/log.ts';
import { encodeSyncToken } from '../log/token.ts';
import type { RoomId } from '../protocol/identifiers.ts';

const TIMEOUT_MS_MAX = 120_000;

/** Who waits for events of a room that they are not in: nobody else's waiting tells of it. */
export class Peeks {
  readonly #log: Pick<Log, 'onCommitted' | 'epoch'>;
  readonly #last: (roomId: RoomId) => number | undefined;
  readonly #waiting = new Map<RoomId, Set<() => void>>();
  #isClosing = false;

  constructor(
    log: Pick<Log, 'onCommitted' | 'epoch'>,
    lastPosition: (roomId: RoomId) => number | undefined,
  ) {
    this.#log = log;
    this.#last = lastPosition;
    log.onCommitted((records) => {
      for (const { record } of this.#waiting.size === 0 ? [] : records)
        if (record.kind === 'event' || record.kind === 'room-deleted')
          for (const wake of this.#waiting.get(record.roomId) ?? []) wake();
    });
  }

  /** Resolves when the room has moved on from there, or the time is over. */
  async until(
    roomId: RoomId,
    after: number,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<void> {
    const last = this.#last(roomId);
    if (this.#isClosing || signal.aborted || timeoutMs === 0 || last === undefined || last > after)
      return;
    const waiting = this.#waiting.get(roomId) ?? new Set();
    this.#waiting.set(roomId, waiting);
    const { promise, resolve: wake } = Promise.withResolvers<void>();
    waiting.add(wake);
    const timer = setTimeout(wake, Math.min(timeoutMs, TIMEOUT_MS_MAX));
    signal.addEventListener('abort', wake as () => void, { once: true });
    await promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', wake as () => void);
    waiting.delete(wake);
    if (waiting.size === 0) this.#waiting.delete(roomId);
  }

  tokenAt(position: number): string {
    return encodeSyncToken({ epoch: this.#log.epoch, position, toDevice: 0, ephemeral: 0 });
  }

  close(): void {
    this.#isClosing = true;
    for (const waiting of this.#waiting.values()) for (const wake of waiting) wake();
  }
}
