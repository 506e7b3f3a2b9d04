import { Lru } from '../../log/lru.ts';
import type { Stored } from '../../log/stored.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import type { KnownKey } from '../../protocol/key-validity.ts';
import { limitExceeded, MatrixError } from '../../protocol/matrix-error.ts';
import { parseServerKeys, type ServerKeys } from '../../protocol/server-keys.ts';
import type { KeyId } from '../../protocol/signing-keys.ts';
import { serverKeyRow, serverKeysOf } from '../../storage/federation/server-keys.ts';
import { type FederationClient, ServerUnreachable } from '../federation-client.ts';

export interface RemoteKeyPorts {
  readonly stored: Pick<Stored, 'lookUps' | 'log' | 'now'>;
  readonly client: Pick<FederationClient, 'ask'>;
}

/** What is known of a server: the newest response first. */
type Known = readonly (ServerKeys & { readonly fetchedMs: number })[];

const SERVERS_MAX = 10_000;
const BYTES_MAX = 32 * 1_024;
const ANSWERS_WITHIN_MS = 10_000;
/** A stranger's words make us ask: not more often of one server, nor more of them at once. */
const ASKED_EVERY_MS = 60_000;
const FETCHES_MAX = 100;
const WEEK_MS = 7 * 24 * 3_600_000;

/** The signing keys of other servers, as they publish them: kept, and fetched where they are missing or too old. */
export class RemoteKeys {
  readonly #ports: RemoteKeyPorts;
  readonly #known = new Lru<ServerName, Known>(SERVERS_MAX);
  readonly #askedMs = new Lru<ServerName, number>(SERVERS_MAX);
  readonly #fetching = new Map<ServerName, Promise<Known>>();

  constructor(ports: RemoteKeyPorts) {
    this.#ports = ports;
  }

  /** A key that may sign a request now; undefined where the server has none of this name. */
  async forRequest(server: ServerName, keyId: KeyId): Promise<KnownKey | undefined> {
    const now = this.#ports.stored.now();
    const kept = usable(await this.#keptOf(server), keyId, now);
    return kept ?? usable(await this.#fetchedOf(server), keyId, now);
  }

  /**
   * For whom we vouch as a notary: what the server said, still valid at that time, if that can be had;
   * else the last that it ever said.
   */
  async responsesOf(server: ServerName, wanted: WantedKeys): Promise<readonly JsonObject[]> {
    const kept = await this.#keptOf(server);
    const isEnough = kept.some((each) => isWanted(each, wanted));
    const known = isEnough ? kept : await this.#fetchedIfReached(server, kept);
    return known.map(({ json }) => json);
  }

  async #fetchedIfReached(server: ServerName, kept: Known): Promise<Known> {
    try {
      return await this.#fetchedOf(server);
    } catch (error) {
      if (error instanceof ServerUnreachable) return kept;
      throw error;
    }
  }

  async #keptOf(server: ServerName): Promise<Known> {
    const remembered = this.#known.get(server);
    if (remembered) return remembered;
    const rows = await serverKeysOf(this.#ports.stored.lookUps, server);
    const known = rows.flatMap(({ json, fetchedMs }) => {
      const parsed = parseServerKeys(JSON.parse(json) as JsonValue, server);
      return typeof parsed === 'string' ? [] : [{ ...parsed, fetchedMs }];
    });
    if (known.length > 0) this.#known.set(server, known);
    return known;
  }

  async #fetchedOf(server: ServerName): Promise<Known> {
    const underWay = this.#fetching.get(server);
    if (underWay) return underWay;
    const now = this.#ports.stored.now();
    const asked = this.#askedMs.get(server);
    if (asked !== undefined && now - asked < ASKED_EVERY_MS) return this.#keptOf(server);
    if (this.#fetching.size >= FETCHES_MAX) throw limitExceeded(ASKED_EVERY_MS);
    this.#askedMs.set(server, now);
    const fetch = this.#fetch(server);
    this.#fetching.set(server, fetch);
    try {
      return await fetch;
    } finally {
      this.#fetching.delete(server);
    }
  }

  async #fetch(server: ServerName): Promise<Known> {
    const parsed = parseServerKeys(await this.#asked(server), server);
    if (typeof parsed === 'string')
      throw new ServerUnreachable(`What ${server} says of its keys is not to be used: ${parsed}`);
    const fetched = { ...parsed, fetchedMs: this.#ports.stored.now() };
    const before = await this.#keptOf(server);
    await this.#keep(server, fetched);
    // Of keys that it no longer names the last word stays: old events were signed with them.
    const others = before.filter(({ keys }) => [...keys.keys()].some((id) => !parsed.keys.has(id)));
    const known = [fetched, ...others];
    this.#known.set(server, known);
    return known;
  }

  /** An error of theirs is not ours to pass on. */
  async #asked(server: ServerName): Promise<JsonValue> {
    try {
      return await this.#ports.client.ask(server, {
        ...{ method: 'GET', path: '/_matrix/key/v2/server', isSigned: false },
        ...{ bytesMax: BYTES_MAX, answersWithinMs: ANSWERS_WITHIN_MS },
      });
    } catch (cause) {
      if (!(cause instanceof MatrixError)) throw cause;
      throw new ServerUnreachable(`${server} tells no keys: ${cause.message}`, { cause });
    }
  }

  #keep(server: ServerName, { keys, json, validUntilTs, fetchedMs }: Known[number]): Promise<void> {
    const text = JSON.stringify(json);
    const rows = [...keys.keys()].map((keyId) =>
      serverKeyRow({ server, keyId, json: text, validUntilMs: validUntilTs, fetchedMs }),
    );
    return this.#ports.stored.log.commit(() => ({
      change: { rows, records: [], touches: [] },
      value: undefined,
    }));
  }
}

export interface WantedKeys {
  /** Any of them where none is named. */
  readonly keyIds: readonly string[];
  readonly validUntilTs: number;
}

const isWanted = ({ keys, validUntilTs }: ServerKeys, wanted: WantedKeys): boolean =>
  validUntilTs >= wanted.validUntilTs && wanted.keyIds.every((keyId) => keys.has(keyId as KeyId));

function usable(known: Known, keyId: KeyId, now: number): KnownKey | undefined {
  for (const { keys, fetchedMs } of known) {
    const key = keys.get(keyId);
    if (!key || key.expiredTs !== undefined) continue;
    // So that a stolen key does not hold for as long as its thief has claimed.
    if (now <= Math.min(key.validUntilTs, fetchedMs + WEEK_MS)) return key;
  }
  return undefined;
}
