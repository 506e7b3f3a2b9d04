import { randomBytes } from 'node:crypto';
import { Answer } from '../../http/answer.ts';
import type { Representation } from '../../http/representation.ts';

/** As servers give each other media: what is to be said of it, which is nothing yet, and its bytes (`multipart/mixed`, RFC 2046). */
export function inTwoParts(media: Representation): Answer {
  const { headers, bytes, read } = media.whole;
  const boundary = randomBytes(24).toString('hex');
  const told = ['content-type', 'content-disposition'].map((name) => `${name}: ${headers[name]}`);
  const before = `--${boundary}\r\ncontent-type: application/json\r\n\r\n{}\r\n--${boundary}\r\n${told.join('\r\n')}\r\n\r\n`;
  const behind = `\r\n--${boundary}--\r\n`;
  const length = Buffer.byteLength(before) + bytes + Buffer.byteLength(behind);
  const all = async function* () {
    yield Buffer.from(before);
    yield* read();
    yield Buffer.from(behind);
  };
  return new Answer(
    200,
    {
      'content-type': `multipart/mixed; boundary=${boundary}`,
      'content-length': String(length),
    },
    // As it is: a stream asks for the next piece before it hands over the one before, whose place is then another's.
    all(),
  );
}
