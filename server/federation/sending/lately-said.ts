import type { PlacedRecord } from '../../log/change.ts';
import { Lately, type LatelyRange } from '../../log/lately.ts';
import { canonicalJson } from '../../protocol/canonical-json.ts';
import type { Event } from '../../protocol/event.ts';
import { type ServerName, serverNameOf } from '../../protocol/identifiers.ts';
import type { OutgoingEvent } from '../../storage/federation/outgoing-events.ts';
import { type Pdu, pduOfText } from './pdu.ts';

/** The event that the log tells of at this position, where this server has it: asked in the turn in which that is told of. */
export type JustCommitted = (
  position: number,
) => { readonly roomNid: number; readonly event: Event } | undefined;

export interface SaidEvent extends OutgoingEvent {
  readonly pdu: Pdu;
}

/** Some seconds of the busiest rooms; what waits for servers is counted apart (`held.ts`). */
const MAX = { items: 1_000, bytes: 4 * 1_048_576 };

/**
 * What our users said, noted as it is committed, so that it need not be read back to be given out. The tables are asked behind
 * whatever may have changed what was said, or who is to get it: a redaction, a membership, a room that is deleted, purged or
 * came from elsewhere; and for what other servers' users did through us, which are memberships.
 */
export class LatelySaid {
  readonly #own: ServerName;
  readonly #justCommitted: JustCommitted;
  readonly #lately: Lately<SaidEvent>;

  constructor(
    { own, justCommitted }: { own: ServerName; justCommitted: JustCommitted },
    position: number,
  ) {
    this.#own = own;
    this.#justCommitted = justCommitted;
    this.#lately = new Lately(MAX, position);
  }

  /** `isLookedAt`: of events, whether others may be in the room. */
  note(placed: PlacedRecord, isLookedAt: boolean): void {
    if (!this.#isNoted(placed, isLookedAt)) this.#lately.beginAt(placed.position);
  }

  /** The same as from the tables; undefined where those have to be asked. Nobody asks again for what is before. */
  in(range: LatelyRange): readonly SaidEvent[] | undefined {
    return this.#lately.in(range);
  }

  #isNoted({ position, record }: PlacedRecord, isLookedAt: boolean): boolean {
    switch (record.kind) {
      case 'event':
        return !isLookedAt || this.#isSaid(position);
      case 'state':
        return record.type !== 'm.room.member';
      case 'room-entered':
      case 'room-deleted':
      case 'history-purged':
        return false;
      case 'forget':
      case 'receipt':
      case 'account-data':
      case 'to-device':
      case 'device-list':
      case 'key-signature':
      case 'logins':
      case 'profile':
      case 'directory':
      case 'device-keys':
        return true;
      default:
        return record satisfies never;
    }
  }

  #isSaid(position: number): boolean {
    const said = this.#justCommitted(position);
    if (!said || READ_AGAIN.has(said.event.type)) return false;
    if (serverNameOf(said.event.sender) !== this.#own) return true;
    const event = saidEventOf(position, said);
    this.#lately.hold(event, event.pdu.bytes);
    return true;
  }
}

const READ_AGAIN: ReadonlySet<string> = new Set(['m.room.member', 'm.room.redaction']);

function saidEventOf(
  position: number,
  { roomNid, event }: { roomNid: number; event: Event },
): SaidEvent {
  const { roomId, eventId, type, sender, stateKey = null } = event;
  const text = event.canonical ?? canonicalJson(event.pdu, 'as-found');
  return {
    ...{ position, roomNid, roomId, type, sender, stateKey, memberJson: null, replacedJson: null },
    pdu: pduOfText({ position, roomNid, eventId }, text),
  };
}
