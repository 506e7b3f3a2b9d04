import { Followed } from '../../log/followed.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Origin } from '../draft.ts';
import type { RoomPorts } from '../ports.ts';

type Ports = Pick<RoomPorts, 'log' | 'store'>;

/** Of ids, of which one has up to 255 bytes. */
const BYTES_MAX = 1_048_576;
const ENTRY_BYTES = 400;

/** Rooms that an administrator lets nobody into: whoever is in one may stay, and go. */
export class BlockedRooms {
  readonly #ports: Ports;
  readonly #blockedBy = new Followed<RoomId, UserId | null>({
    bytesMax: BYTES_MAX,
    bytesOf: () => ENTRY_BYTES,
  });

  constructor(ports: Ports) {
    this.#ports = ports;
    ports.log.onCommitted((records) => {
      for (const { record } of records)
        if (record.kind === 'directory') this.#blockedBy.changed(record.roomId);
    });
  }

  async by(roomId: RoomId): Promise<UserId | undefined> {
    const { store } = this.#ports;
    const found = await this.#blockedBy.of([roomId], async () => {
      return new Map([[roomId, (await store.roomBlockedBy(roomId)) ?? null]]);
    });
    return found.get(roomId) ?? undefined;
  }

  /** `by` is undefined where the room is to be open again. */
  async set(roomId: RoomId, by: UserId | undefined, origin: Origin<RoomId>): Promise<void> {
    const { log, store } = this.#ports;
    await log.commit((next) => {
      const record = { kind: 'directory', roomId } as const;
      const row = by ? store.rows.roomBlocked(roomId, by) : store.rows.roomNotBlocked(roomId);
      const outcome = origin.outcome?.(roomId);
      const change = { rows: [row], records: [{ position: next(), record }], outcome, touches: [] };
      return { change, value: undefined };
    });
  }
}
