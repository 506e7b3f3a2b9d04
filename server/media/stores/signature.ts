import { createHash, createHmac } from 'node:crypto';

export interface AccessKeys {
  readonly accessKeyId: string;
  readonly secretKey: string;
}

export interface Unsigned {
  readonly method: string;
  readonly url: URL;
  /** By names in lower case; all of them are signed, and the host. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body, in hexadecimal: what a store has taken is what was signed. */
  readonly bodyHash: string;
}

export interface Scope extends AccessKeys {
  readonly region: string;
  readonly now: Date;
}

export const NO_BODY_HASH = createHash('sha256').digest('hex');

/**
 * The headers of a request to S3 with its signature (AWS Signature Version 4, "Authenticating requests: using the
 * Authorization header"). A store of another provider knows no other one.
 */
export function signed(
  { method, url, headers, bodyHash }: Unsigned,
  { region, now, ...keys }: Scope,
): Record<string, string> {
  const atTime = now.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const all: Record<string, string> = {
    ...headers,
    'x-amz-content-sha256': bodyHash,
    'x-amz-date': atTime,
  };
  const named: Record<string, string> = { ...all, host: url.host };
  const names = Object.keys(named).sort();
  const canonical = [
    ...[method, canonicalPath(url), canonicalQuery(url)],
    ...names.map((name) => `${name}:${named[name]!.trim()}`),
    ...['', names.join(';'), bodyHash],
  ].join('\n');
  const scope = `${atTime.slice(0, 8)}/${region}/s3/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', atTime, scope, hashOf(canonical)].join('\n');
  const signature = hmac(keyFor(keys.secretKey, scope), toSign).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope},SignedHeaders=${names.join(';')},Signature=${signature}`;
  return { ...all, authorization };
}

/** S3, other than all other services, has each segment encoded once and leaves the path as it is. */
const canonicalPath = ({ pathname }: URL): string =>
  pathname.split('/').map(decodeURIComponent).map(encoded).join('/');

const canonicalQuery = ({ searchParams }: URL): string =>
  [...searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join('&');

/** As RFC 3986 has it: these five, too, which JavaScript leaves. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const keyFor = (secretKey: string, scope: string): Buffer =>
  scope.split('/').reduce(hmac, Buffer.from(`AWS4${secretKey}`));

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
