import type { PlacedRecord, Row } from '../../log/change.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import type { RoomRows } from '../store.ts';

export interface ChangeTools {
  readonly keys: StateKeys;
  readonly rows: RoomRows;
  readonly position: () => number;
  /** Whoever leaves a room, or is made to, has forgotten it at once. */
  readonly forgetOnLeave: boolean;
}

/** The rows and records of one change, in the order in which they came up. */
export class ChangeRows {
  readonly rows: Row[] = [];
  readonly records: PlacedRecord[] = [];
  readonly #tools: ChangeTools;
  readonly #newKeys: number[] = [];
  #lastPosition = 0;

  constructor(tools: ChangeTools) {
    this.#tools = tools;
  }

  /** Of the last record that was given a place of its own. */
  get lastPosition(): number {
    return this.#lastPosition;
  }

  place(record: PlacedRecord['record']): number {
    const position = this.#tools.position();
    this.records.push({ position, record });
    this.#lastPosition = position;
    return position;
  }

  /** The number of what stands at this key, which is made where there is none. */
  intern(type: string, stateKey: string): number {
    const { keys, rows, position } = this.#tools;
    const { key, isCommitted } = keys.intern({ type, stateKey }, position);
    if (!isCommitted) {
      this.rows.push(rows.stateKey(key));
      this.#newKeys.push(key.keyNid);
    }
    return key.keyNid;
  }

  /** Committed or refused, or never handed to the log: the keys that came with it need it no more. */
  letGo(): void {
    for (const keyNid of this.#newKeys.splice(0)) this.#tools.keys.letGo(keyNid);
  }
}
