import type { KnownKey } from '../../protocol/key-validity.ts';
import type { ServerKeys } from '../../protocol/server-keys.ts';
import type { KeyId } from '../../protocol/signing-keys.ts';
import { serverKeyGoneRow, serverKeyRow } from '../../storage/federation/server-keys.ts';
import type { Row } from '../../storage/write.ts';

/** What a server once said of its keys. As text: parsed it takes several times as much, and hardly anybody asks for it. */
export interface SaidOfKeys extends Omit<ServerKeys, 'json'> {
  readonly text: string;
  readonly fetchedMs: number;
  /** The keys under which it is in the database: one, since it may be long; by an earlier release each that it names. */
  readonly storedUnder: readonly string[];
}

/** Of one server, the newest first. */
export type AllSaid = readonly SaidOfKeys[];

/** Whoever makes up new keys all the time leaves no more than these behind. */
export const SAID_MAX = 8;
const WEEK_MS = 7 * 24 * 3_600_000;
/** Measured: 750 for the object of a key. */
const KEY_BYTES = 1_024;
const ENTRY_BYTES = 512;

/**
 * Those that are the last word on a key: old events were signed with keys that are no longer named. Each is stored
 * under one such key, which no newer one takes from it.
 */
export function lastWords(said: AllSaid): AllSaid {
  const named = new Set<string>();
  const last: SaidOfKeys[] = [];
  for (const each of said) {
    if (last.length === SAID_MAX) break;
    const own = [...each.keys.keys()].filter((keyId) => !named.has(keyId));
    if (own.length > 0) last.push({ ...each, storedUnder: [own[0]!] });
    for (const keyId of own) named.add(keyId);
  }
  return last;
}

/** What leads in the database from the one to the other. */
export function rowsBetween(server: string, before: AllSaid, after: AllSaid): Row[] {
  const stays = new Set(after.flatMap(({ storedUnder }) => storedUnder));
  const gone = before
    .flatMap(({ storedUnder }) => storedUnder)
    .filter((keyId) => !stays.has(keyId))
    .map((keyId) => serverKeyGoneRow(server, keyId));
  const put = after
    .filter((each) => !before.some((old) => isStoredAlike(old, each)))
    .map(({ storedUnder, text, validUntilTs, fetchedMs }) =>
      serverKeyRow({
        ...{ server, keyId: storedUnder[0]!, json: text },
        ...{ validUntilMs: validUntilTs, fetchedMs },
      }),
    );
  return [...gone, ...put];
}

/** The last word counts: a key that was put away signs nothing more, whatever was said of it before. */
export function usable(said: AllSaid, keyId: KeyId, now: number): KnownKey | undefined {
  const last = said.find(({ keys }) => keys.has(keyId));
  const key = last?.keys.get(keyId);
  if (!last || !key || key.expiredTs !== undefined) return undefined;
  // So that a stolen key does not hold for as long as its thief has claimed.
  return now <= Math.min(key.validUntilTs, last.fetchedMs + WEEK_MS) ? key : undefined;
}

/** Each key as it was last spoken of. */
export function lastKeys(said: AllSaid): ReadonlyMap<KeyId, KnownKey> {
  const last = new Map<KeyId, KnownKey>();
  for (const { keys } of said)
    for (const [keyId, key] of keys) if (!last.has(keyId)) last.set(keyId, key);
  return last;
}

/** What it takes of memory, at most: two bytes a letter, and the names of the keys once more. */
export const bytesOf = (said: AllSaid): number =>
  said.reduce((sum, { text, keys }) => sum + 3 * text.length + KEY_BYTES * keys.size, ENTRY_BYTES);

const isStoredAlike = (old: SaidOfKeys, now: SaidOfKeys): boolean =>
  old.fetchedMs === now.fetchedMs &&
  old.text === now.text &&
  old.storedUnder.includes(now.storedUnder[0]!);
