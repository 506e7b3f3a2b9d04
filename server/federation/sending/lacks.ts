import type { ServerName } from '../../protocol/identifiers.ts';
import { changedLackRow, type Lack, lackRow, noLackRow } from '../../storage/federation/backlog.ts';
import type { Row } from '../../storage/write.ts';

/** What is to become of a row: there if it is not, as it is told, or not there. */
type Wish = { kind: 'note' | 'set'; after: number } | { kind: 'gone' };

type Wishes = Map<ServerName, Map<number, Wish>>;

/** Which servers lack something of which rooms, as far as it is not written down yet. */
export class Lacks {
  readonly #changed: () => void;
  #wishes: Wishes = new Map();
  #count = 0;

  /** `changed` is told that there is something to be written down: else it would wait for whatever comes next. */
  constructor(changed: () => void = () => {}) {
    this.#changed = changed;
  }

  get count(): number {
    return this.#count;
  }

  /** The server lacks what is behind this position; and, it may be, more from before. */
  note(server: ServerName, { roomNid, after }: Lack): void {
    this.#put(server, roomNid, { kind: 'note', after });
  }

  /** The server has all up to this position. */
  set(server: ServerName, { roomNid, after }: Lack): void {
    this.#put(server, roomNid, { kind: 'set', after });
  }

  gone(server: ServerName, roomNid: number): void {
    this.#put(server, roomNid, { kind: 'gone' });
  }

  /** Takes them out, to be written; `putBack` where that failed. */
  take(): { rows: readonly Row[]; putBack: () => void } {
    const taken = this.#wishes;
    this.#wishes = new Map();
    this.#count = 0;
    return { rows: rowsOf(taken), putBack: () => this.#putBack(taken) };
  }

  /** What came meanwhile came later. */
  #putBack(older: Wishes): void {
    const newer = this.#wishes;
    this.#wishes = older;
    this.#count = [...older.values()].reduce((sum, rooms) => sum + rooms.size, 0);
    for (const [server, rooms] of newer)
      for (const [roomNid, wish] of rooms) this.#put(server, roomNid, wish);
  }

  #put(server: ServerName, roomNid: number, wish: Wish): void {
    const rooms = this.#wishes.get(server) ?? new Map<number, Wish>();
    this.#wishes.set(server, rooms);
    const before = rooms.get(roomNid);
    if (before === undefined) this.#count += 1;
    rooms.set(roomNid, before === undefined ? wish : both(before, wish));
    this.#changed();
  }
}

/** Whatever is not written yet may be in the table as well, so that a note behind its end says where it begins. */
function both(before: Wish, wish: Wish): Wish {
  if (wish.kind !== 'note') return wish;
  if (before.kind === 'gone') return { kind: 'set', after: wish.after };
  return { kind: before.kind, after: Math.min(before.after, wish.after) };
}

function rowsOf(wishes: Wishes): Row[] {
  const rows: Row[] = [];
  for (const [server, rooms] of wishes)
    for (const [roomNid, wish] of rooms) rows.push(rowOf(server, roomNid, wish));
  return rows;
}

function rowOf(server: ServerName, roomNid: number, wish: Wish): Row {
  if (wish.kind === 'gone') return noLackRow(server, roomNid);
  const lack = { roomNid, after: wish.after };
  return wish.kind === 'note' ? lackRow(server, lack) : changedLackRow(server, lack);
}
