import { Awaited } from '../log/awaited.ts';
import type { Log } from '../log/log.ts';
import { encodeSyncToken } from '../log/token.ts';
import type { RoomId } from '../protocol/identifiers.ts';

const TIMEOUT_MS_MAX = 120_000;

/** Who waits for events of a room that they are not in: nobody else's waiting tells of it. */
export class Peeks {
  readonly #log: Pick<Log, 'onCommitted' | 'epoch'>;
  readonly #last: (roomId: RoomId) => number | undefined;
  readonly #awaited = new Awaited();

  constructor(
    log: Pick<Log, 'onCommitted' | 'epoch'>,
    lastPosition: (roomId: RoomId) => number | undefined,
  ) {
    this.#log = log;
    this.#last = lastPosition;
    log.onCommitted((records) => {
      for (const { record } of records)
        if (record.kind === 'event' || record.kind === 'room-deleted')
          this.#awaited.come(record.roomId);
    });
  }

  /** Resolves when the room has moved on from there, or the time is over. */
  async until(
    roomId: RoomId,
    after: number,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<void> {
    const last = this.#last(roomId);
    if (timeoutMs === 0 || last === undefined || last > after) return;
    await this.#awaited.wait(roomId, { ms: Math.min(timeoutMs, TIMEOUT_MS_MAX), signal });
  }

  tokenAt(position: number): string {
    return encodeSyncToken({ epoch: this.#log.epoch, position, toDevice: 0, ephemeral: 0 });
  }

  close(): void {
    this.#awaited.close();
  }
}
