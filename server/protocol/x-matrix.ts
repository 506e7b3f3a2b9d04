import { canonicalJson } from './canonical-json.ts';
import { parseServerName, type ServerName } from './identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';
import { signJson, signText, verifyJson, verifyText } from './signatures.ts';
import type { VerifyKey } from './signing-keys.ts';
import { isKeyId, type KeyId, type SigningKey } from './signing-keys.ts';

/** What a server says of itself and of its signature (server-server API, "Request Authentication"). */
export interface XMatrix {
  readonly origin: ServerName;
  /** Absent from servers of before v1.3. */
  readonly destination: string | undefined;
  readonly keyId: KeyId;
  readonly signature: string;
}

export interface SignedRequest {
  readonly method: string;
  /** Path and query, as they go over the wire. */
  readonly uri: string;
  readonly origin: ServerName;
  readonly destination: ServerName;
  /** The body, where there is one. */
  readonly content?: JsonValue | undefined;
  /** The same as canonical JSON, where it is at hand: it is not parsed to be written again. */
  readonly canonicalContent?: string | undefined;
}

const HEADER_LENGTH_MAX = 2_048;

/** Undefined for what is none, or has a key of an algorithm that we do not know. */
export function parseXMatrix(header: string): XMatrix | undefined {
  if (header.length > HEADER_LENGTH_MAX) return undefined;
  const scheme = /^X-Matrix +/i.exec(header)?.[0];
  const named = scheme === undefined ? undefined : parametersIn(header.slice(scheme.length));
  const origin = parseServerName(named?.get('origin') ?? '');
  const [keyId, signature] = [named?.get('key') ?? '', named?.get('sig')];
  if (!origin.ok || !isKeyId(keyId) || signature === undefined) return undefined;
  return { origin: origin.value, destination: named?.get('destination'), keyId, signature };
}

/** The header of a request that we make. */
export function xMatrixHeader(request: SignedRequest, key: SigningKey): string {
  const { origin, canonicalContent } = request;
  if (canonicalContent !== undefined) {
    return headerOf(request, key.keyId, signText(textAround(canonicalContent, request), key));
  }
  const signatures = signJson(jsonOf(request), origin, key).signatures;
  const own = isObject(signatures) ? signatures[origin] : undefined;
  const signature = isObject(own) ? own[key.keyId] : undefined;
  return headerOf(request, key.keyId, String(signature));
}

const headerOf = ({ origin, destination }: SignedRequest, keyId: KeyId, signature: string) =>
  `X-Matrix origin="${origin}",destination="${destination}",key="${keyId}",sig="${signature}"`;

/** Of its `canonicalContent`, where it has one. */
export const isSignedBy = (
  request: SignedRequest,
  { origin, keyId, signature }: XMatrix,
  key: VerifyKey,
): boolean => {
  if (request.canonicalContent !== undefined)
    return verifyText(textAround(request.canonicalContent, request), signature, key);
  return verifyJson(
    { ...jsonOf(request), signatures: { [origin]: { [keyId]: signature } } },
    origin,
    keyId,
    key,
  );
};

/** `content` is the first of the keys in canonical order. */
const textAround = (content: string, { content: _, ...request }: SignedRequest): string =>
  `{"content":${content},${canonicalJson(jsonOf(request)).slice(1)}`;

const jsonOf = ({ method, uri, origin, destination, content }: SignedRequest): JsonObject => ({
  ...{ method, uri, origin, destination },
  ...(content !== undefined && { content }),
});

/**
 * `name=token` and `name="quoted"`, with commas between them (RFC 9110, section 11.2). Servers of
 * before leave colons and slashes unquoted. Undefined where anything else is between.
 */
function parametersIn(text: string): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    PARAMETER.lastIndex = at;
    const match = PARAMETER.exec(text);
    if (!match) return undefined;
    const [whole, name, quoted, bare] = match;
    if (found.has(name!.toLowerCase())) return undefined;
    found.set(name!.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? bare!);
    at += whole.length;
  }
  return found;
}

const PARAMETER =
  /[ \t]*([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s",]*))[ \t]*(?:,|$)/y;
