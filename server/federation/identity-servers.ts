import { createHash } from 'node:crypto';
import { isObject, type JsonObject, type JsonValue } from '../protocol/json.ts';
import { MatrixError } from '../protocol/matrix-error.ts';
import type { Reach, Told } from './reach.ts';

/** An address of somebody who may have no account anywhere, and who is asked about it. */
export interface ThirdPartyAddress {
  /** Host and port of an identity server. */
  readonly idServer: string;
  readonly idAccessToken: string;
  readonly medium: string;
  readonly address: string;
}

/** What an identity server keeps until somebody proves that the address is theirs. */
export interface StoredInvite {
  readonly token: string;
  /** The content of `m.room.third_party_invite`. */
  readonly content: JsonObject;
}

/** What an identity server says that clients may act upon. */
const PASSED_ON = ['M_FORBIDDEN', 'M_TERMS_NOT_SIGNED', 'M_THREEPID_IN_USE', 'M_LIMIT_EXCEEDED'];

const ANSWERS_WITHIN_MS = 15_000;
const BYTES_MAX = 65_536;
const NAME_MAX = 255;
const KEYS_MAX = 10;

/** What is asked of identity servers (Identity Service API), which users name themselves: bounded, and never within a private network. */
export class IdentityServers {
  readonly #reach: Pick<Reach, 'ask'>;

  constructor(reach: Pick<Reach, 'ask'>) {
    this.#reach = reach;
  }

  /** The user id that is bound to the address there. */
  async userOf(who: ThirdPartyAddress): Promise<string | undefined> {
    const { algorithms, lookup_pepper: pepper } = await this.#ask(who, 'GET', '/hash_details');
    if (typeof pepper !== 'string' || !Array.isArray(algorithms))
      throw refusal(`${who.idServer} does not say how it is asked`);
    if (!algorithms.includes('sha256'))
      throw refusal(`${who.idServer} wants to be told addresses as they are`);
    const hash = hashOf(who, pepper);
    const asked = { addresses: [hash], algorithm: 'sha256', pepper };
    const { mappings } = await this.#ask(who, 'POST', '/lookup', asked);
    const found = isObject(mappings) ? mappings[hash] : undefined;
    return typeof found === 'string' ? found : undefined;
  }

  /** `about` says of the room and the sender what people are told by mail. */
  async storeInvite(who: ThirdPartyAddress, about: JsonObject): Promise<StoredInvite> {
    const { medium, address } = who;
    const told = await this.#ask(who, 'POST', '/store-invite', { ...about, medium, address });
    const { token, display_name } = told;
    const public_keys = keysIn(told.public_keys);
    const [first] = public_keys;
    if (!isName(token) || !isName(display_name) || !first)
      throw refusal(`${who.idServer} did not say by which token and keys it vouches`);
    return { token, content: { display_name, ...first, public_keys } };
  }

  /** Whether the identity server still stands by a key that it has named. */
  async isKeyValid(validityUrl: string, publicKey: string): Promise<boolean> {
    const url = new URL(validityUrl);
    url.searchParams.set('public_key', publicKey);
    const path = `${url.pathname}${url.search}`;
    const told = await this.#reachable(url.host, { method: 'GET', path, headers: {} });
    return told.status === 200 && jsonIn(told, url.host).valid === true;
  }

  async #ask(
    { idServer, idAccessToken }: ThirdPartyAddress,
    method: 'GET' | 'POST',
    path: string,
    content?: JsonObject,
  ): Promise<JsonObject> {
    const told = await this.#reachable(idServer, {
      ...{ method, path: `/_matrix/identity/v2${path}`, body: content && JSON.stringify(content) },
      headers: {
        authorization: `Bearer ${idAccessToken}`,
        ...(content && { 'content-type': 'application/json' }),
      },
    });
    const json = jsonIn(told, idServer);
    if (told.status === 200) return json;
    // Some speak of a token or an account of its own: a client that took them for ours would sign out.
    const errcode = PASSED_ON.find((each) => each === json.errcode) ?? 'M_UNKNOWN';
    throw new MatrixError(
      403,
      errcode,
      `${idServer} refuses: ${String(json.error ?? told.status)}`,
    );
  }

  async #reachable(
    idServer: string,
    asked: Omit<Parameters<Reach['ask']>[1], 'signal' | 'bytesMax'>,
  ): Promise<Told> {
    const { hostname, port } = new URL(`https://${idServer}`);
    const host = hostname.replace(/^\[|\]$/g, '');
    const way = {
      ...{ targets: [{ host, port: Number(port || 443) }], hostHeader: idServer },
      certifiedName: host,
    };
    const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
    try {
      return await this.#reach.ask(way, { ...asked, signal, bytesMax: BYTES_MAX });
    } catch (cause) {
      throw refusal(`${idServer} cannot be reached: ${(cause as Error).message}`);
    }
  }
}

const hashOf = ({ address, medium }: ThirdPartyAddress, pepper: string): string =>
  createHash('sha256').update(`${address} ${medium} ${pepper}`).digest('base64url');

const isName = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length > 0 &&
  Buffer.byteLength(value) <= NAME_MAX &&
  !value.includes('\0');

function keysIn(keys: JsonValue | undefined) {
  const named = (Array.isArray(keys) ? keys : []).filter(isObject).slice(0, KEYS_MAX);
  return named.flatMap(({ public_key, key_validity_url }) =>
    isName(public_key) && isValidityUrl(key_validity_url) ? [{ public_key, key_validity_url }] : [],
  );
}

export const isValidityUrl = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length <= 1_000 &&
  URL.canParse(value) &&
  new URL(value).protocol === 'https:';

function jsonIn({ body }: Told, server: string): JsonObject {
  try {
    const json = JSON.parse(body.toString()) as JsonValue;
    if (isObject(json)) return json;
  } catch {}
  throw refusal(`${server} answers nothing that could be read`);
}

const refusal = (text: string) => new MatrixError(400, 'M_UNKNOWN', text);
