import { commitRows } from '../../log/commit-rows.ts';
import { ForAWhile } from '../../log/for-a-while.ts';
import { Lru } from '../../log/lru.ts';
import { subject } from '../../log/on-behalf.ts';
import type { Stored } from '../../log/stored.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import type { KnownKey } from '../../protocol/key-validity.ts';
import { limitExceeded, MatrixError } from '../../protocol/matrix-error.ts';
import { parseServerKeys, type ServerKeys } from '../../protocol/server-keys.ts';
import type { KeyId } from '../../protocol/signing-keys.ts';
import { serverKeysOf } from '../../storage/federation/server-keys.ts';
import { type FederationClient, ServerUnreachable } from '../federation-client.ts';
import { AskedHosts } from './asked-hosts.ts';
import {
  type AllSaid,
  bytesOf,
  lastKeys,
  lastWords,
  rowsBetween,
  SAID_MAX,
  usable,
} from './last-words.ts';
import { type Occasion, Places } from './places.ts';

export interface RemoteKeyPorts {
  readonly stored: Pick<Stored, 'lookUps' | 'log' | 'now'>;
  readonly client: Pick<FederationClient, 'ask'>;
}

export interface KeyOptions {
  readonly rememberedBytesMax?: number;
  /** Any host is asked as often as servers name it. */
  readonly isTrusting?: boolean | undefined;
}

const REMEMBERED_BYTES_MAX = 16 * 1_048_576;
const ASKED_SERVERS_MAX = 10_000;
const RESPONSE_BYTES_MAX = 8 * 1_024;
const ANSWERS_WITHIN_MS = 10_000;
/** Of hundreds that are gone each is waited for behind others, and somebody waits for all of them. */
const OF_ROOM_WITHIN_MS = 5_000;
/** A stranger's words make us ask: not more often of one server. */
const ASKED_EVERY_MS = 60_000;

/** The signing keys of other servers, as they publish them: kept, and fetched where they are missing or too old. */
export class RemoteKeys {
  readonly #ports: RemoteKeyPorts;
  readonly #remembered: Lru<ServerName, AllSaid>;
  readonly #askedLately: ForAWhile<ServerName>;
  readonly #fetching = new Map<ServerName, Promise<AllSaid>>();
  readonly #hosts = new AskedHosts();
  readonly #isTrusting: boolean;
  readonly #places = new Places();

  constructor(
    ports: RemoteKeyPorts,
    { rememberedBytesMax = REMEMBERED_BYTES_MAX, isTrusting = false }: KeyOptions = {},
  ) {
    this.#ports = ports;
    this.#isTrusting = isTrusting;
    this.#remembered = new Lru(rememberedBytesMax);
    this.#askedLately = new ForAWhile(ASKED_SERVERS_MAX, ports.stored.now);
  }

  /** A key that may sign a request now; undefined where the server has none of this name. */
  async forRequest(server: ServerName, keyId: KeyId): Promise<KnownKey | undefined> {
    const now = this.#ports.stored.now();
    const kept = await this.#keptOf(server);
    const key = usable(kept, keyId, now);
    if (key) return key;
    const occasion = kept.length > 0 ? 'known' : 'stranger';
    return usable(await this.#fetchedOf(server, occasion), keyId, now);
  }

  /**
   * All keys of the server by their last word, asked for anew where those that are kept are not enough and it may be asked; so
   * some may be missing still.
   */
  async forEvents(
    server: ServerName,
    isEnough: (keys: ReadonlyMap<KeyId, KnownKey>) => boolean,
    occasion: 'event' | 'room' = 'event',
  ): Promise<ReadonlyMap<KeyId, KnownKey>> {
    const kept = await this.#keptOf(server);
    const known = lastKeys(kept);
    if (isEnough(known)) return known;
    return lastKeys(await this.#fetchedIfReached(server, kept, occasion));
  }

  /** Where no place was left to ask from (M_LIMIT_EXCEEDED): when there may be one. */
  get placeFreed(): Promise<void> {
    return this.#places.freed;
  }

  /**
   * For whom we vouch as a notary: what the server said, still valid at that time, if that can be had;
   * else the last that it ever said.
   */
  async responsesOf(server: ServerName, wanted: WantedKeys): Promise<readonly JsonObject[]> {
    const kept = await this.#keptOf(server);
    const isEnough = kept.some((each) => isWanted(each, wanted));
    const said = isEnough ? kept : await this.#fetchedIfReached(server, kept, 'notary');
    return said.map(({ text }) => JSON.parse(text) as JsonObject);
  }

  async #fetchedIfReached(server: ServerName, kept: AllSaid, occasion: Occasion): Promise<AllSaid> {
    try {
      return await this.#fetchedOf(server, occasion);
    } catch (error) {
      if (error instanceof ServerUnreachable) return kept;
      throw error;
    }
  }

  async #keptOf(server: ServerName): Promise<AllSaid> {
    const remembered = this.#remembered.get(server);
    if (remembered) return remembered;
    const rows = await serverKeysOf(this.#ports.stored.lookUps, server, SAID_MAX);
    const said = rows.flatMap(({ json: text, fetchedMs, keyIds }) => {
      const parsed = parseServerKeys(JSON.parse(text) as JsonValue, server);
      if (typeof parsed === 'string') return [];
      const { keys, validUntilTs } = parsed;
      return [{ keys, validUntilTs, text, fetchedMs, storedUnder: keyIds }];
    });
    if (said.length > 0) this.#remember(server, said);
    return said;
  }

  #remember(server: ServerName, said: AllSaid): void {
    this.#remembered.set(server, said, bytesOf(said));
  }

  async #fetchedOf(server: ServerName, occasion: Occasion): Promise<AllSaid> {
    const underWay = this.#fetching.get(server);
    if (underWay) return underWay;
    const { now } = this.#ports.stored;
    if (this.#askedLately.has(server)) return this.#keptOf(server);
    const mayAsk = occasion === 'known' || this.#isTrusting || this.#hosts.take(server, now());
    if (!mayAsk) return this.#keptOf(server);
    const giveBack = this.#places.take(occasion, subject());
    if (!giveBack) throw limitExceeded(ANSWERS_WITHIN_MS);
    this.#askedLately.add(server, ASKED_EVERY_MS);
    const fetch = this.#fetch(server, occasion);
    this.#fetching.set(server, fetch);
    try {
      return await fetch;
    } finally {
      this.#fetching.delete(server);
      giveBack();
    }
  }

  async #fetch(server: ServerName, occasion: Occasion): Promise<AllSaid> {
    const parsed = parseServerKeys(await this.#asked(server, occasion), server);
    if (typeof parsed === 'string')
      throw new ServerUnreachable(`What ${server} says of its keys is not to be used: ${parsed}`);
    const { keys, validUntilTs, json } = parsed;
    const text = JSON.stringify(json);
    const fetchedMs = this.#ports.stored.now();
    const before = await this.#keptOf(server);
    const after = lastWords([{ keys, validUntilTs, text, fetchedMs, storedUnder: [] }, ...before]);
    const rows = rowsBetween(server, before, after);
    await commitRows(this.#ports.stored.log, rows);
    this.#remember(server, after);
    return after;
  }

  /** An error of theirs is not ours to pass on. */
  async #asked(server: ServerName, occasion: Occasion): Promise<JsonValue> {
    const answersWithinMs = occasion === 'room' ? OF_ROOM_WITHIN_MS : ANSWERS_WITHIN_MS;
    try {
      return await this.#ports.client.ask(server, {
        ...{ method: 'GET', path: '/_matrix/key/v2/server', isSigned: false },
        ...{ bytesMax: RESPONSE_BYTES_MAX, answersWithinMs },
      });
    } catch (cause) {
      if (!(cause instanceof MatrixError)) throw cause;
      throw new ServerUnreachable(`${server} tells no keys: ${cause.message}`, { cause });
    }
  }
}

export interface WantedKeys {
  /** Any of them where none is named. */
  readonly keyIds: readonly string[];
  readonly validUntilTs: number;
}

const isWanted = (
  { keys, validUntilTs }: Pick<ServerKeys, 'keys' | 'validUntilTs'>,
  wanted: WantedKeys,
): boolean =>
  validUntilTs >= wanted.validUntilTs && wanted.keyIds.every((keyId) => keys.has(keyId as KeyId));
