import type { IncomingHttpHeaders } from 'node:http';

/** Of one connection only (RFC 9110, section 7.6.1): never passed on. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

/** The writer believes these, so a client may not send them. */
const OURS = /^x-farol-|^x-forwarded-/;

export type Headers = Record<string, string | string[]>;

export function passedOn(headers: IncomingHttpHeaders): Headers {
  const passed: Headers = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || HOP_BY_HOP.has(name) || OURS.test(name)) continue;
    passed[name] = value;
  }
  return passed;
}

export interface Provenance {
  requestId: string;
  attempt: number;
  clientAddress: string;
}

/**
 * The client's Host stays here: the HTTP client would ask the writer's certificate for that name, and
 * the writer has one for its site only.
 */
export const towardsWriter = ({ host, ...client }: Headers, from: Provenance): Headers => ({
  ...client,
  ...(host !== undefined && { 'x-forwarded-host': host }),
  'x-farol-request-id': from.requestId,
  'x-farol-attempt': String(from.attempt),
  'x-forwarded-for': from.clientAddress,
  'x-forwarded-proto': 'https',
});

/** Whose request it is, as far as order goes. The token itself is kept nowhere but in the request. */
export function deviceOf(headers: IncomingHttpHeaders, url: string): string | undefined {
  if (headers.authorization !== undefined) return headers.authorization;
  return new URLSearchParams(url.split('?')[1] ?? '').get('access_token') ?? undefined;
}
