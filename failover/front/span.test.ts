import { expect, test } from 'vitest';
import { askingFor, spanOf } from './span.ts';

const HEADERS = { etag: '"x"', 'accept-ranges': 'bytes', 'content-length': '100' };
const PART = { ...HEADERS, 'content-range': 'bytes 20-119/500' };

test('of an answer any part can be asked for where its ETag names its bytes, and the writer takes ranges', () => {
  expect(spanOf({ status: 200, headers: HEADERS })).toEqual({ from: 0, end: 100, etag: '"x"' });
  expect(spanOf({ status: 206, headers: PART })).toEqual({ from: 20, end: 120, etag: '"x"' });
});

test.each([
  ['an error', 404, HEADERS],
  ['no ETag', 200, { ...HEADERS, etag: undefined }],
  ['an ETag that names other bytes, too', 200, { ...HEADERS, etag: 'W/"x"' }],
  ['no ranges', 200, { ...HEADERS, 'accept-ranges': undefined }],
  ['no length', 200, { ...HEADERS, 'content-length': undefined }],
  ['bytes of which these are a form', 200, { ...HEADERS, 'content-encoding': 'gzip' }],
  ['a part that does not say which', 206, HEADERS],
  ['a part of another length', 206, { ...PART, 'content-range': 'bytes 20-118/500' }],
  ['several parts', 206, { ...PART, 'content-range': ['bytes 0-1/500', 'bytes 20-119/500'] }],
])('of %s none can be', (_what, status, headers) => {
  expect(spanOf({ status, headers })).toBeUndefined();
});

test('a request for a part says of the request before what is no condition', () => {
  const passed = ['range', 'bytes=5-', 'accept', 'range', 'if-none-match', '"y"', 'x-a', '1'];
  const asking = askingFor({ host: 'h', passed }, { from: 10, end: 20, etag: '"x"' });
  expect(asking).toEqual({
    host: 'h',
    passed: ['accept', 'range', 'x-a', '1', 'range', 'bytes=10-19', 'if-range', '"x"'],
  });
});
