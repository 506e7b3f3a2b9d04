import type { Server } from '../protocol/caller.ts';
import { CanonicalJsonError } from '../protocol/canonical-json.ts';
import type { ServerName } from '../protocol/identifiers.ts';
import type { JsonValue } from '../protocol/json.ts';
import { forbidden, MatrixError } from '../protocol/matrix-error.ts';
import type { VerifyKey } from '../protocol/signing-keys.ts';
import {
  isSignedBy,
  parseXMatrix,
  type SignedRequest,
  type XMatrix,
} from '../protocol/x-matrix.ts';
import type { Admission } from './admission.ts';
import { ServerUnreachable } from './federation-client.ts';
import type { RemoteKeys } from './keys/remote-keys.ts';

export interface ClaimedRequest {
  readonly method: string;
  readonly uri: string;
  readonly content: JsonValue | undefined;
  /** The same as it was sent; undefined where there is no body. */
  readonly text: string | undefined;
  /** One for each key that signed it. */
  readonly authorization: readonly string[];
}

const HEADERS_MAX = 5;

/** Who is behind the requests of other servers (server-server API, "Request Authentication"). */
export class ServerRequests {
  readonly #serverName: ServerName;
  readonly #keys: Pick<RemoteKeys, 'forRequest'>;
  readonly #admission: Admission;
  readonly #heardFrom: (server: ServerName) => void;

  /** `heardFrom` is told of each server that proved who it is. */
  constructor(parts: {
    serverName: ServerName;
    keys: Pick<RemoteKeys, 'forRequest'>;
    admission: Admission;
    heardFrom: (server: ServerName) => void;
  }) {
    this.#serverName = parts.serverName;
    this.#keys = parts.keys;
    this.#admission = parts.admission;
    this.#heardFrom = parts.heardFrom;
  }

  /** What the header claims, before anything is proved: nothing is asked of anybody, and no body read. */
  claimed(authorization: readonly string[]): readonly XMatrix[] {
    const all = authorization.slice(0, HEADERS_MAX).flatMap((text) => parseXMatrix(text) ?? []);
    const [first] = all;
    if (!first) throw unauthorized('An Authorization header of X-Matrix is missing, or is none');
    // Nobody but a thief of our key would say so.
    if (first.origin === this.#serverName) throw unauthorized('The request is said to be of us');
    if (all.some(({ origin }) => origin !== first.origin))
      throw unauthorized('The request is said to be of two servers');
    if (all.some(({ destination = this.#serverName }) => destination !== this.#serverName))
      throw unauthorized('The request is meant for another server');
    if (!this.#admission.admits(first.origin))
      throw forbidden('This server does not deal with yours');
    return all;
  }

  async prove(
    claims: readonly XMatrix[],
    { method, uri, content, text }: Omit<ClaimedRequest, 'authorization'>,
  ): Promise<Server> {
    for (const claim of claims) {
      const key = await this.#keyOf(claim);
      const { origin } = claim;
      const request = { method, uri, origin, destination: this.#serverName, content };
      if (!key || !isSigned(request, text, { claim, key: key.key })) continue;
      this.#heardFrom(origin);
      return { kind: 'server', origin };
    }
    throw unauthorized('No key that your server publishes has signed this request');
  }

  async #keyOf({ origin, keyId }: XMatrix) {
    try {
      return await this.#keys.forRequest(origin, keyId);
    } catch (cause) {
      if (!(cause instanceof ServerUnreachable)) throw cause;
      throw unauthorized(`The keys of your server are not to be had: ${cause.message}`, cause);
    }
  }
}

/**
 * Most servers send what they sign, canonical JSON: that is checked as it came. Written again it may differ, such as by
 * the form of a float, of which the specification has no word.
 */
function isSigned(
  request: SignedRequest,
  text: string | undefined,
  { claim, key }: { claim: XMatrix; key: VerifyKey },
): boolean {
  if (text !== undefined && isSignedBy({ ...request, canonicalContent: text }, claim, key))
    return true;
  try {
    return isSignedBy(request, claim, key);
  } catch (error) {
    // What has no canonical form, nobody can have signed in it.
    if (error instanceof CanonicalJsonError) return false;
    throw error;
  }
}

const unauthorized = (message: string, cause?: unknown) =>
  new MatrixError(401, 'M_UNAUTHORIZED', message, { cause });
