import type { ServerName } from '../../protocol/identifiers.ts';
import { isObject, type JsonValue } from '../../protocol/json.ts';
import type { KnownKey } from '../../protocol/key-validity.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { parseServerKeys } from '../../protocol/server-keys.ts';
import type { KeyId } from '../../protocol/signing-keys.ts';
import { type FederationClient, ServerUnreachable } from '../federation-client.ts';

export interface WantedOfNotary {
  readonly keyIds: readonly KeyId[];
  /** They have to be good until then. */
  readonly validUntilTs: number;
}

/** Of one question: servers of ours take fifty. */
const SERVERS_AT_ONCE = 50;
/** A room of more servers that are gone is known in part. */
const SERVERS_MAX = 2_000;
const ASKED_AT_ONCE = 2;
const ANSWERS_WITHIN_MS_MAX = 10_000;
const BYTES_MAX = SERVERS_AT_ONCE * 8 * 8_192;

/**
 * What another server has of the keys of these ("Querying keys through another server"), each signed by itself. Nothing proves that
 * they are not made up by the notary, which is known by TLS: so it is good for what the notary is believed in anyway, and
 * nothing of it is kept. All questions together take no longer than `withinMs`.
 */
export async function toldByNotary(
  client: Pick<FederationClient, 'ask'>,
  notary: ServerName,
  wanted: ReadonlyMap<ServerName, WantedOfNotary>,
  withinMs: number,
): Promise<ReadonlyMap<ServerName, ReadonlyMap<KeyId, KnownKey>>> {
  const untilMs = performance.now() + withinMs;
  const found = new Map<ServerName, Map<KeyId, KnownKey>>();
  const pieces = piecesOf([...wanted].slice(0, SERVERS_MAX)).values();
  const askOn = async () => {
    for (const piece of pieces) {
      const leftMs = Math.floor(untilMs - performance.now());
      if (leftMs <= 0) return;
      const answersWithinMs = Math.min(leftMs, ANSWERS_WITHIN_MS_MAX);
      const told = await asked(client, notary, { piece, answersWithinMs });
      for (const json of told) add(found, wanted, json);
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askOn));
  return found;
}

type Piece = readonly (readonly [ServerName, WantedOfNotary])[];

function piecesOf(wanted: Piece): Piece[] {
  const pieces: Piece[] = [];
  for (let from = 0; from < wanted.length; from += SERVERS_AT_ONCE)
    pieces.push(wanted.slice(from, from + SERVERS_AT_ONCE));
  return pieces;
}

/** Nothing where it does not answer. */
async function asked(
  client: Pick<FederationClient, 'ask'>,
  notary: ServerName,
  { piece, answersWithinMs }: { readonly piece: Piece; readonly answersWithinMs: number },
): Promise<readonly JsonValue[]> {
  const criteria = piece.map(([server, { keyIds, validUntilTs }]) => {
    const wish = { minimum_valid_until_ts: validUntilTs };
    return [server, Object.fromEntries(keyIds.map((keyId) => [keyId, wish]))] as const;
  });
  try {
    const answer = await client.ask(notary, {
      ...{ method: 'POST', path: '/_matrix/key/v2/query', isSigned: false },
      content: { server_keys: Object.fromEntries(criteria) },
      ...{ answersWithinMs, bytesMax: BYTES_MAX },
    });
    const told = isObject(answer) ? answer.server_keys : undefined;
    return Array.isArray(told) ? told : [];
  } catch (error) {
    if (error instanceof ServerUnreachable || error instanceof MatrixError) return [];
    throw error;
  }
}

function add(
  found: Map<ServerName, Map<KeyId, KnownKey>>,
  wanted: ReadonlyMap<ServerName, WantedOfNotary>,
  json: JsonValue,
): void {
  const server = (isObject(json) ? json.server_name : undefined) as ServerName;
  if (!wanted.has(server)) return;
  const parsed = parseServerKeys(json, server);
  if (typeof parsed === 'string') return;
  const own = found.get(server) ?? new Map<KeyId, KnownKey>();
  found.set(server, own);
  for (const [keyId, key] of parsed.keys) if (!own.has(keyId)) own.set(keyId, key);
}
