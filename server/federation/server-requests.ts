import { setImmediate as turn } from 'node:timers/promises';
import { withBreaths } from '../log/breaths.ts';
import type { Server } from '../protocol/caller.ts';
import { CanonicalJsonError } from '../protocol/canonical-json.ts';
import { canonicalInParts } from '../protocol/canonical-json-in-parts.ts';
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
    const sent = new SentBody(content, text);
    for (const claim of claims) {
      const key = await this.#keyOf(claim);
      const { origin } = claim;
      const request = { method, uri, origin, destination: this.#serverName };
      if (!key || !(await isSigned(request, sent, { claim, key: key.key }))) continue;
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
async function isSigned(
  request: SignedRequest,
  sent: SentBody,
  { claim, key }: { claim: XMatrix; key: VerifyKey },
): Promise<boolean> {
  if (sent.content === undefined) return isSignedBy(request, claim, key);
  const { text } = sent;
  if (text !== undefined && isSignedBy({ ...request, canonicalContent: text }, claim, key))
    return true;
  // To check ten megabytes takes 30 ms: who claims five keys shall not have them all in one turn.
  await turn();
  const canonicalContent = await sent.canonical();
  if (canonicalContent === undefined || canonicalContent === text) return false;
  return isSignedBy({ ...request, canonicalContent }, claim, key);
}

/** What a request brings, before anybody is known to have signed it. */
class SentBody {
  readonly content: JsonValue | undefined;
  readonly text: string | undefined;
  #written: Promise<string | undefined> | undefined;

  constructor(content: JsonValue | undefined, text: string | undefined) {
    this.content = content;
    this.text = text;
  }

  /** Written once for all that are claimed to have signed it, and others have their turns meanwhile. */
  canonical(): Promise<string | undefined> {
    this.#written ??= canonicalOf(this.content!);
    return this.#written;
  }
}

async function canonicalOf(content: JsonValue): Promise<string | undefined> {
  try {
    return await withBreaths(canonicalInParts(content));
  } catch (error) {
    // What has no canonical form, nobody can have signed in it.
    if (error instanceof CanonicalJsonError) return undefined;
    throw error;
  }
}

const unauthorized = (message: string, cause?: unknown) =>
  new MatrixError(401, 'M_UNAUTHORIZED', message, { cause });
