import type { ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { type OwnKeys, publishedKeys } from '../../protocol/server-keys.ts';
import { signJson } from '../../protocol/signatures.ts';
import type { RemoteKeys, WantedKeys } from './remote-keys.ts';

/** Long enough that notaries need not ask often, short enough for a key that was lost to end soon. */
const VALID_MS = 24 * 3_600_000;
/** Fewer than one address may have asked at once (places.ts). */
const AT_ONCE = 4;

/** Publishes our keys, and vouches for those of others (server-server API, "Querying keys through another server"). */
export class Notary {
  readonly #self: { readonly serverName: ServerName; readonly ownKeys: OwnKeys };
  readonly #remoteKeys: Pick<RemoteKeys, 'responsesOf'>;
  readonly #now: () => number;

  constructor(parts: {
    self: { readonly serverName: ServerName; readonly ownKeys: OwnKeys };
    remoteKeys: Pick<RemoteKeys, 'responsesOf'>;
    now: () => number;
  }) {
    this.#self = parts.self;
    this.#remoteKeys = parts.remoteKeys;
    this.#now = parts.now;
  }

  own(): JsonObject {
    const { serverName, ownKeys } = this.#self;
    return publishedKeys(serverName, ownKeys, this.#now() + VALID_MS);
  }

  /** Servers of which nothing can be had are left out. */
  async of(wanted: ReadonlyMap<ServerName, Partial<WantedKeys>>): Promise<JsonObject> {
    const found: JsonObject[] = [];
    const queue = wanted.entries();
    const lane = async () => {
      for (const [server, keys] of queue) found.push(...(await this.#of(server, keys)));
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, wanted.size) }, lane));
    return { server_keys: found };
  }

  async #of(server: ServerName, wanted: Partial<WantedKeys>): Promise<readonly JsonObject[]> {
    const { serverName, ownKeys } = this.#self;
    if (server === serverName) return [this.own()];
    const { keyIds = [], validUntilTs = this.#now() } = wanted;
    const responses = await this.#remoteKeys.responsesOf(server, { keyIds, validUntilTs });
    return responses.map((response) => signJson(response, serverName, ownKeys.current));
  }
}
