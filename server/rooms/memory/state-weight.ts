import { type RoomEvent, textLengthOf } from '../room-event.ts';

/**
 * What a room's state weighs without memberships, as readers get it: each event with what it replaced.
 * Known only where it was read; from there on what is added is counted, and what that replaced is not taken
 * off, so it is never less than there is.
 */
export class StateWeight {
  /** By events that were built, and by those of them that are committed. */
  #built = 0;
  #committed = 0;
  #read: { readonly bytes: number; readonly committed: number } | undefined;

  get bytes(): number | undefined {
    return this.#read && this.#read.bytes + this.#built - this.#read.committed;
  }

  built(event: RoomEvent): void {
    this.#built += textLengthOf(event);
  }

  committed(event: RoomEvent): void {
    this.#committed += textLengthOf(event);
  }

  /** What is committed while it is read counts twice at most. */
  async read(bytes: () => Promise<number>): Promise<void> {
    const committed = this.#committed;
    this.#read = { bytes: await bytes(), committed };
  }
}
