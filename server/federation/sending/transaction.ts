import type { ServerName } from '../../protocol/identifiers.ts';
import type { JsonValue } from '../../protocol/json.ts';
import { isObject } from '../../protocol/json.ts';
import type { FederationClient } from '../federation-client.ts';

/** One request of ours to another server: whoever gets it a second time knows it by its id. */
export interface Transaction {
  readonly txnId: string;
  /** Canonical JSON each. */
  readonly pdus: readonly string[];
  readonly edus: readonly string[];
}

/** Specified (server-server API, "Transactions"). */
export const PDUS_MAX = 50;
export const EDUS_MAX = 100;

/** Of events, and of EDUs that must arrive, each: many a proxy passes on no more than a mebibyte in all. */
export const PDU_BYTES_MAX = 450_000;
export const EDU_BYTES_MAX = 450_000;

/** As many from the front as go together; the first goes in any case. */
export function upToBytes<T>(
  all: readonly T[],
  bytesOf: (each: T) => number,
  bytesMax: number,
): readonly T[] {
  let bytes = 0;
  const end = all.findIndex((each, index) => {
    bytes += bytesOf(each);
    return index > 0 && bytes > bytesMax;
  });
  return end < 0 ? all : all.slice(0, end);
}

/** Others answer when they have taken all of it up, and may have to ask around for what it rests on. */
const ANSWERS_WITHIN_MS = 60_000;
const ANSWER_BYTES_MAX = 1_048_576;

/** What the other server says of each event that it did not take. */
export type Complaints = readonly { eventId: string; error: string }[];

/** Resolves when the other server has taken it. Rejects as `FederationClient.ask`. */
export async function sendTransaction(
  { client, own, now }: { client: Pick<FederationClient, 'ask'>; own: ServerName; now: number },
  server: ServerName,
  { txnId, pdus, edus }: Transaction,
): Promise<Complaints> {
  const answer = await client.ask(server, {
    method: 'PUT',
    path: `/_matrix/federation/v1/send/${encodeURIComponent(txnId)}`,
    canonicalContent: `{"edus":[${edus}],"origin":${JSON.stringify(own)},"origin_server_ts":${now},"pdus":[${pdus}]}`,
    answersWithinMs: ANSWERS_WITHIN_MS,
    bytesMax: ANSWER_BYTES_MAX,
  });
  return complaintsIn(answer);
}

function complaintsIn(answer: JsonValue): Complaints {
  const pdus = isObject(answer) && isObject(answer.pdus) ? answer.pdus : {};
  return Object.entries(pdus).flatMap(([eventId, said]) =>
    isObject(said) && typeof said.error === 'string' && said.error !== ''
      ? [{ eventId, error: said.error.slice(0, 500) }]
      : [],
  );
}
