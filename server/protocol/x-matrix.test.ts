import { expect, test } from 'vitest';
import type { ServerName } from './identifiers.ts';
import { signingKeyFromSeed, verifyKeyFrom } from './signing-keys.ts';
import { isSignedBy, parseXMatrix, type SignedRequest, xMatrixHeader } from './x-matrix.ts';

const key = signingKeyFromSeed('ed25519:key1', Buffer.alloc(32, 5));
const request: SignedRequest = {
  ...{ method: 'PUT', uri: '/_matrix/federation/v1/x?a=b%20c' },
  ...{ origin: 'a.example' as ServerName, destination: 'b.example:8448' as ServerName },
  content: { list: [1, 'é'], signatures: { other: {} }, unsigned: { age: 1 } },
};

test('what we sign is read as it was written, and verifies', () => {
  const parsed = parseXMatrix(xMatrixHeader(request, key))!;
  expect(parsed).toMatchObject({
    ...{ origin: 'a.example', destination: 'b.example:8448', keyId: 'ed25519:key1' },
  });
  expect(isSignedBy(request, parsed, verifyKeyFrom(key.publicKey)!)).toBe(true);
});

/** `signatures` and `unsigned` are left out of what is signed at its top only, never within the content. */
test.each<[string, Partial<SignedRequest>]>([
  ['method', { method: 'POST' }],
  ['uri', { uri: '/_matrix/federation/v1/x?a=b+c' }],
  ['destination', { destination: 'c.example' as ServerName }],
  ['content', { content: undefined }],
  ['content of the content', { content: { ...(request.content as object), unsigned: { age: 2 } } }],
])('a signature over another %s does not verify', (_what, other) => {
  const parsed = parseXMatrix(xMatrixHeader(request, key))!;
  expect(isSignedBy({ ...request, ...other }, parsed, verifyKeyFrom(key.publicKey)!)).toBe(false);
});

test.each([
  'X-Matrix origin="a.example",destination="b.example",key="ed25519:k",sig="s"',
  'X-Matrix origin=a.example,destination=b.example,key="ed25519:k",sig="s"',
  'X-Matrix origin=a.example,destination=b.example,key=ed25519:k,sig=s',
  'x-matrix  SIG="s" , KEY="ed25519:k",\tDestination="b.example" , origin="a.exa\\mple"',
  'X-Matrix origin="a.example",destination="b.example",key="ed25519:k",sig="s",more="a,b=c"',
])('a header is read however it is written: %s', (header) => {
  expect(parseXMatrix(header)).toEqual({
    ...{ origin: 'a.example', destination: 'b.example', keyId: 'ed25519:k', signature: 's' },
  });
});

test('servers of before v1.3 name no destination', () => {
  expect(parseXMatrix('X-Matrix origin=a,key="ed25519:k",sig="s"')?.destination).toBeUndefined();
});

test.each([
  ...['', 'Bearer x', 'X-Matrix', 'X-Matrix x', 'X-MatrixX origin=a,key="ed25519:k",sig=s'],
  ...['X-Matrix origin=a b,key="ed25519:k",sig=s', 'X-Matrix origin=a,key="rsa:k",sig=s'],
  ...['X-Matrix origin=a,key="ed25519:k"', 'X-Matrix key="ed25519:k",sig=s'],
  ...[
    'X-Matrix origin=a,origin=b,key="ed25519:k",sig=s',
    'X-Matrix origin=a_b,key="ed25519:k",sig=s',
  ],
  `X-Matrix origin=a,key="ed25519:k",sig="${'s'.repeat(3_000)}"`,
])('%s is no such header', (header) => {
  expect(parseXMatrix(header)).toBeUndefined();
});
