import { expect, test } from 'vitest';
import { secondPart } from './two-parts.ts';

const answer = (body: string, type = 'multipart/mixed; boundary=b') => ({
  headers: { 'content-type': type },
  body: Buffer.from(body, 'latin1'),
});
const framed = (file: string, head = 'Content-Type: image/png') =>
  `--b\r\ncontent-type: application/json\r\n\r\n{}\r\n--b\r\n${head}\r\n\r\n${file}\r\n--b--\r\n`;

test('the file is what stands between its headers and the last delimiter, whatever is in it', () => {
  const file = 'a\0\xff\r\n\r\n--b\r\n--c--\r\n';
  const part = secondPart(answer(framed(file)))!;
  expect([...part.headers]).toEqual([['content-type', 'image/png']]);
  expect(part.body.equals(Buffer.from(file, 'latin1'))).toBe(true);
});

test('an empty file is a file', () => {
  expect(secondPart(answer(framed('')))?.body.length).toBe(0);
});

test('the boundary may be quoted, and stand behind other parameters', () => {
  const type = 'Multipart/Mixed; charset=utf-8; boundary="b"';
  expect(secondPart(answer(framed('x'), type))?.body.toString()).toBe('x');
});

test.each([
  ['of another type', answer(framed('x'), 'multipart/form-data; boundary=b')],
  ['without a boundary', answer(framed('x'), 'multipart/mixed')],
  ['with another boundary', answer(framed('x'), 'multipart/mixed; boundary=c')],
  ['in one part', answer('--b\r\ncontent-type: image/png\r\n\r\nx\r\n--b--')],
  ['that does not end', answer(framed('x').replace('--b--', ''))],
  ['without the end of its headers', answer(framed('x').replaceAll('\r\n\r\n', '\r\n'))],
  ['that is empty', answer('')],
])('an answer %s has no file', (_what, told) => {
  expect(secondPart(told)).toBeUndefined();
});
