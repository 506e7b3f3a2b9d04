import { canonicalJson } from '../../protocol/canonical-json.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { parseJson } from '../../protocol/parse-json.ts';
import { redact } from '../../protocol/redaction.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import type { OutgoingPdu } from '../../storage/federation/outgoing-events.ts';

/** One for all to whom it goes. */
export interface Pdu {
  readonly position: number;
  readonly roomNid: number;
  readonly eventId: EventId;
  /** Canonical, as it is signed again with each request. */
  readonly text: string;
  /** Of it, on the wire. */
  readonly bytes: number;
  /** For how many servers it is held in memory: counted by `Held`. */
  holders: number;
}

/** Who took something back does not want it told to those who have not heard it yet. */
export function pduOf({ json, roomVersion, isRedacted, ...event }: PduSource): Pdu {
  const rules = rulesOf(roomVersion);
  // Its hash is of its numbers as they stand; from version 6 on they are integers.
  const pdu = (rules?.strictCanonicalJson ? JSON.parse(json) : parseJson(json)) as JsonObject;
  const shown = isRedacted && rules ? redact(pdu, rules) : pdu;
  const { position, roomNid, eventId } = event;
  const text = canonicalJson(shown, 'as-found');
  return pduOfText({ position, roomNid, eventId }, text);
}

export const pduOfText = (
  named: Pick<Pdu, 'position' | 'roomNid' | 'eventId'>,
  text: string,
): Pdu => ({ ...named, text, bytes: Buffer.byteLength(text), holders: 0 });

type PduSource = OutgoingPdu & { readonly roomNid: number };
