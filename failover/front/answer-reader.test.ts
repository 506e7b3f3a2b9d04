import { expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import { AnswerReader, NotAnAnswer } from './answer-reader.ts';

const ANSWERS: readonly [title: string, wire: string, body: string][] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'hello'],
  ['no body', 'HTTP/1.1 204 No Content\r\nX: y\r\n\r\n', ''],
  ['a length of nothing', 'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n', ''],
  [
    'chunks, extensions and trailers',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nhel\r\n2 \r\nlo\r\n0\r\nt: v\r\n\r\n',
    'hello',
  ],
  [
    'something said before it',
    'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}',
    '{}',
  ],
];

test.each(ANSWERS)(
  'an answer with %s is the same in whichever pieces it comes',
  (_, wire, body) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: wire.length }), { maxLength: 12 }), (cuts) => {
        const { told, take, reader } = begun();
        for (const piece of pieces(wire, cuts)) take(piece);
        expect(told).toMatchObject({ body, ends: 1 });
        expect(reader.keepAlive.isKept).toBe(true);
      }),
    );
  },
);

test('an answer is not over before its last byte, wherever it breaks off', () => {
  for (const [, wire] of ANSWERS)
    for (let length = 0; length < wire.length; length++) {
      const { told, take, reader } = begun();
      take(wire.slice(0, length));
      expect([told.ends, reader.close()]).toEqual([0, false]);
    }
});

test('names are told in lower case, values as they are, and all of a name that comes again', () => {
  const { told, take } = begun();
  take('HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nset-cookie:  b \r\nX-Name: M\u00fcller\u00a0\r\n\r\n');
  expect(told.headers).toEqual({ 'set-cookie': ['a', 'b'], 'x-name': 'M\u00fcller\u00a0' });
});

test('an answer to HEAD has no body, whatever length it tells', () => {
  const { told, take, reader } = begun('HEAD');
  take('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n');
  expect([told.ends, reader.keepAlive.isKept]).toEqual([1, true]);
});

test('an answer without a length ends with its connection', () => {
  const { told, take, reader } = begun();
  take('HTTP/1.1 200 OK\r\n\r\nhel');
  take('lo');
  expect(told.ends).toBe(0);
  expect(reader.close()).toBe(true);
  expect(told).toMatchObject({ body: 'hello', ends: 1 });
});

test.each([
  ['says so', 'HTTP/1.1 200 OK\r\nconnection: Close\r\ncontent-length: 0\r\n\r\n'],
  ['is of HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n'],
  ['has more behind it', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n'],
])('no other request goes over a connection whose answer %s', (_, wire) => {
  const { told, take, reader } = begun();
  take(wire);
  expect([told.ends, reader.keepAlive.isKept]).toEqual([1, false]);
});

test('how long a quiet connection is kept is told as it was said', () => {
  const { take, reader } = begun();
  take('HTTP/1.1 200 OK\r\nkeep-alive: timeout=75\r\ncontent-length: 0\r\n\r\n');
  expect(reader.keepAlive).toEqual({ isKept: true, hint: 'timeout=75' });
});

test.each([
  ['two lengths', 'content-length: 2\r\ncontent-length: 3\r\n\r\n'],
  ['a length and chunks', 'content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n'],
  ['a length that is none', 'content-length: 0x2\r\n\r\n'],
  ['a coding that nobody asked for', 'transfer-encoding: gzip, chunked\r\n\r\n'],
  ['a blank before the colon', 'content-length : 2\r\n\r\n'],
  ['a line that goes on', 'x: 1\r\n 2\r\n\r\n'],
  ['a chunk without a size', 'transfer-encoding: chunked\r\n\r\n-1\r\n'],
  ['a chunk longer than it says', 'transfer-encoding: chunked\r\n\r\n1\r\nabc\r\n'],
  ['a head without an end', `x: ${'a'.repeat(70_000)}`],
  ['a size without an end', `transfer-encoding: chunked\r\n\r\n1;${'a'.repeat(20_000)}`],
])('an answer with %s is none: nobody guesses where it ends', (_, rest) => {
  const { told, take } = begun();
  expect(() => take(`HTTP/1.1 200 OK\r\n${rest}`)).toThrow(NotAnAnswer);
  expect(told.ends).toBe(0);
});

test.each(['HTTP/2 200 OK', 'HTTP/1.1 20 OK', 'SSH-2.0', 'HTTP/1.1 101 Switching Protocols'])(
  'what begins with %s is no answer',
  (line) => {
    expect(() => begun().take(`${line}\r\ncontent-length: 0\r\n\r\n`)).toThrow(NotAnAnswer);
  },
);

test('whoever stops in the middle is told nothing more', () => {
  const { told, take, reader } = begun('GET', () => reader.stop());
  take('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
  expect(told).toMatchObject({ body: '', ends: 0 });
});

function begun(method = 'GET', onStart: () => void = () => undefined) {
  const told = { status: 0, headers: {} as object, body: '', ends: 0 };
  const reader = new AnswerReader(
    {
      onResponseStart(status, headers) {
        Object.assign(told, { status, headers: { ...headers } });
        onStart();
      },
      onResponseData(chunk) {
        told.body += chunk.toString('latin1');
      },
      onResponseEnd() {
        told.ends++;
      },
    },
    method,
  );
  const take = (text: string) => {
    const place = Buffer.from(text, 'latin1');
    reader.take(place);
    // What comes next is read into the same place.
    place.fill('#');
  };
  return { told, reader, take };
}

/** Cut at these places. */
function pieces(wire: string, cuts: readonly number[]): string[] {
  const at = [0, ...new Set(cuts), wire.length].sort((a, b) => a - b);
  return at.slice(1).flatMap((end, index) => (end > at[index]! ? wire.slice(at[index], end) : []));
}
