import type { JsonObject } from './json.ts';

interface Extra {
  /** Further fields of the body: `retry_after_ms`, `soft_logout`, the flows of interactive auth. */
  fields?: JsonObject;
  headers?: Readonly<Record<string, string>>;
  cause?: unknown;
}

/** An error that the client is meant to see. Anything else that is thrown becomes M_UNKNOWN, 500. */
export class MatrixError extends Error {
  override readonly name = 'MatrixError';
  readonly status: number;
  readonly errcode: string;
  readonly fields: JsonObject;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, errcode: string, message: string, extra: Extra = {}) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.status = status;
    this.errcode = errcode;
    this.fields = extra.fields ?? {};
    this.headers = extra.headers ?? {};
  }

  get body(): JsonObject {
    return { errcode: this.errcode, error: this.message, ...this.fields };
  }
}

export const forbidden = (message: string) => new MatrixError(403, 'M_FORBIDDEN', message);
export const notFound = (message: string) => new MatrixError(404, 'M_NOT_FOUND', message);
export const badJson = (message: string) => new MatrixError(400, 'M_BAD_JSON', message);
export const notJson = (message: string) => new MatrixError(400, 'M_NOT_JSON', message);
export const invalidParam = (message: string) => new MatrixError(400, 'M_INVALID_PARAM', message);
export const missingParam = (message: string) => new MatrixError(400, 'M_MISSING_PARAM', message);
/** Of a name that an application service keeps for itself. */
export const exclusive = (message: string) => new MatrixError(400, 'M_EXCLUSIVE', message);
export const tooLarge = (message: string) => new MatrixError(413, 'M_TOO_LARGE', message);
/** What another server, or another program, has to do for it is not done. */
export const badGateway = (message: string, cause?: unknown) =>
  new MatrixError(502, 'M_UNKNOWN', message, { cause });
export const unrecognized = (
  status: 404 | 405,
  message: string,
  headers: Readonly<Record<string, string>> = {},
) => new MatrixError(status, 'M_UNRECOGNIZED', message, { headers });
export const missingToken = () => new MatrixError(401, 'M_MISSING_TOKEN', 'Missing access token');

/** `softLogout`: the device lives on, and may get a new token by refreshing or by logging in again. */
export const unknownToken = (message: string, { softLogout = false } = {}) =>
  new MatrixError(401, 'M_UNKNOWN_TOKEN', message, { fields: { soft_logout: softLogout } });

/** By an administrator. The device lives on, for when they let the user in again. */
export const userLocked = () =>
  new MatrixError(401, 'M_USER_LOCKED', 'This account is locked', {
    fields: { soft_logout: true },
  });

export const userSuspended = () =>
  new MatrixError(403, 'M_USER_SUSPENDED', 'This account is suspended');

export const limitExceeded = (retryAfterMs: number) =>
  new MatrixError(429, 'M_LIMIT_EXCEEDED', 'Too many requests', {
    fields: { retry_after_ms: retryAfterMs },
    headers: { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) },
  });

/** By what a limit answers: 0 for who may. */
export function refuseWhoMustWait(waitMs: number): void {
  if (waitMs > 0) throw limitExceeded(waitMs);
}
