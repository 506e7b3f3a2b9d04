import { createRemoteJWKSet, customFetch, errors, type JWTPayload, jwtVerify } from 'jose';
import { isObject, type JsonValue } from '../protocol/json.ts';
import { MatrixError } from '../protocol/matrix-error.ts';
import type { UpstreamEnd } from '../storage/accounts/upstream-sessions.ts';
import { boundedFetch } from './bounded-fetch.ts';

/** What a provider says has ended there. */
export interface Left {
  readonly end: UpstreamEnd;
  /** Names the token: one that comes again ends nothing that began since. */
  readonly jti: string;
  readonly untilMs: number;
}

export interface LogoutPorts {
  readonly issuer: string;
  readonly clientId: string;
  readonly keys: ReturnType<typeof createRemoteJWKSet>;
  readonly nowMs: number;
}

const ANSWERS_WITHIN_MS = 10_000;
const CLOCK_TOLERANCE_SECONDS = 60;
/** Providers are to give them two minutes (Back-Channel Logout 1.0, section 4), and may have to try again. */
const LIVES_SECONDS = 600;
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

export const providerKeys = (jwksUri: string) =>
  createRemoteJWKSet(new URL(jwksUri), {
    timeoutDuration: ANSWERS_WITHIN_MS,
    [customFetch]: boundedFetch as never,
  });

/** Throws where it is none that the provider made for us (OpenID Connect Back-Channel Logout 1.0, section 2.6). */
export async function logoutIn(token: string, ports: LogoutPorts): Promise<Left> {
  const { issuer, clientId: audience, keys, nowMs } = ports;
  const { payload } = await jwtVerify(token, keys, {
    ...{ issuer, audience, currentDate: new Date(nowMs) },
    maxTokenAge: LIVES_SECONDS,
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  }).catch((error) => {
    throw isOfToken(error) ? wrong(error.message, error) : error;
  });
  const { jti, events } = payload;
  if (typeof jti !== 'string' || jti === '') throw wrong('it has no name (jti)');
  if ('nonce' in payload) throw wrong('it is that of a login (nonce)');
  if (!isObject(events as JsonValue) || !isObject((events as never)[EVENT]))
    throw wrong('it tells of no logout (events)');
  const untilMs = (payload.iat! + LIVES_SECONDS + CLOCK_TOLERANCE_SECONDS) * 1000;
  return { end: endIn(payload, issuer), jti, untilMs };
}

function endIn({ sub: subject, sid: named }: JWTPayload, issuer: string): UpstreamEnd {
  const sid = typeof named === 'string' && named !== '' ? named : undefined;
  if (subject !== undefined && subject !== '') return { issuer, subject, sid };
  if (sid === undefined) throw wrong('it names nobody (sub, sid)');
  return { issuer, subject: undefined, sid };
}

/** What is not of the token is of the way to the provider. */
const isOfToken = (error: unknown): error is errors.JOSEError =>
  error instanceof errors.JOSEError &&
  !(error instanceof errors.JWKSTimeout) &&
  !(error instanceof errors.JWKSInvalid) &&
  error.code !== 'ERR_JOSE_GENERIC';

const wrong = (why: string, cause?: unknown) =>
  new MatrixError(400, 'M_INVALID_PARAM', `The logout token does not hold: ${why}`, { cause });
