import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { NO_BODY_HASH, signed } from './signature.ts';

/** The examples of "Signature calculations for the Authorization header" in the API reference of Amazon S3. */
const SCOPE = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
  now: new Date('2013-05-24T00:00:00Z'),
};
const BUCKET = 'https://examplebucket.s3.amazonaws.com';
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

test.each([
  [
    'GET Object',
    { method: 'GET', url: `${BUCKET}/test.txt`, headers: { range: 'bytes=0-9' } },
    'host;range;x-amz-content-sha256;x-amz-date',
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  ],
  [
    'PUT Object',
    {
      ...{ method: 'PUT', url: `${BUCKET}/test$file.text`, body: 'Welcome to Amazon S3.' },
      headers: {
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
      },
    },
    'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  ],
  [
    'GET Bucket Lifecycle',
    { method: 'GET', url: `${BUCKET}/?lifecycle`, headers: {} },
    'host;x-amz-content-sha256;x-amz-date',
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  ],
  [
    'GET Bucket (List Objects)',
    { method: 'GET', url: `${BUCKET}/?prefix=J&max-keys=2`, headers: {} },
    'host;x-amz-content-sha256;x-amz-date',
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  ],
])('%s is signed as Amazon does', (_, { url, ...given }, names, signature) => {
  const body = 'body' in given ? hashOf(given.body as string) : NO_BODY_HASH;
  const { authorization } = signed({ ...given, url: new URL(url), bodyHash: body }, SCOPE);
  expect(authorization).toBe(
    `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${names},Signature=${signature}`,
  );
});
