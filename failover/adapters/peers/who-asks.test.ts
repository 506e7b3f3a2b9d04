import { expect, test } from 'vitest';
import { isOfTheLine } from './who-asks.ts';

const failed = (code: string, errno?: number) =>
  Object.assign(new Error(code), { code, ...(errno !== undefined && { errno }) });

test.each([
  failed('EPIPE', -32),
  failed('EHOSTUNREACH', -113),
  failed('ETIMEDOUT', -110),
  failed('ECONNRESET'),
  failed('ERR_TLS_HANDSHAKE_TIMEOUT'),
])('a line that broke shows nobody: $code', (error) => {
  expect(isOfTheLine(error)).toBe(true);
});

test.each(['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', 'ERR_SSL_UNSUPPORTED_PROTOCOL', 'UNKNOWN'])(
  'who shows no certificate, or another one, is a stranger: %s',
  (code) => {
    expect(isOfTheLine(failed(code))).toBe(false);
  },
);
