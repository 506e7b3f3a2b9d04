import type { Socket } from 'node:net';
import { hostWithPort } from '../../protocol/server-host.ts';
import { found, type Opinion, type Scanner, Unscannable } from './scanner.ts';
import { connected, isTaken, replyOf } from './told-line.ts';

/** A service of an ICAP server, as its URL names it. */
export interface IcapService {
  readonly host: string;
  readonly port: number;
  /** Without the slash before it. */
  readonly service: string;
}

const REPLY_LENGTH_MAX = 65_536;
const END_OF_HEAD = '\r\n\r\n';

/** What the file would be part of: a scanner for proxies looks at what an HTTP server answers. */
const QUESTION = `GET http://farol/file HTTP/1.1\r\nHost: farol${END_OF_HEAD}`;
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream${END_OF_HEAD}`;

/** A scanner that speaks ICAP (RFC 3507): c-icap, and what makers of other scanners offer to proxies. */
export class Icap implements Scanner {
  readonly #service: IcapService;

  constructor(service: IcapService) {
    this.#service = service;
  }

  async scan(file: AsyncIterable<Buffer>, signal: AbortSignal): Promise<Opinion> {
    const { host, port } = this.#service;
    const socket = await connected('the ICAP server', { host, port }, signal);
    try {
      const bounds = { isWhole, lengthMax: REPLY_LENGTH_MAX };
      const reply = replyOf('the ICAP server', socket, bounds);
      // It may say no before it has the whole.
      await Promise.race([told(socket, headOf(this.#service), file), reply]);
      return opinionIn(await reply);
    } finally {
      socket.destroy();
    }
  }
}

function headOf({ host, port, service }: IcapService): Buffer {
  const at = hostWithPort(host, port);
  const [answer, body] = [QUESTION.length, QUESTION.length + ANSWER.length];
  const lines = [
    `RESPMOD icap://${at}/${service} ICAP/1.0`,
    `Host: ${at}`,
    'Connection: close',
    // What is as it should be need not be sent back.
    'Allow: 204',
    `Encapsulated: req-hdr=0, res-hdr=${answer}, res-body=${body}`,
  ];
  return Buffer.from(lines.join('\r\n') + END_OF_HEAD + QUESTION + ANSWER);
}

/** In chunks as HTTP has them. */
async function told(socket: Socket, head: Buffer, file: AsyncIterable<Buffer>): Promise<void> {
  if (!(await isTaken(socket, [head]))) return;
  for await (const bytes of file) {
    if (bytes.length === 0) continue;
    const parts = [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')];
    if (!(await isTaken(socket, parts))) return;
  }
  await isTaken(socket, [Buffer.from(`0${END_OF_HEAD}`)]);
}

/** Its own head, and that of what it would have a proxy answer instead. */
function isWhole(said: string): boolean {
  const end = said.indexOf(END_OF_HEAD);
  if (end < 0) return false;
  return !isInstead(said.slice(0, end)) || said.indexOf(END_OF_HEAD, end + 1) >= 0;
}

const isInstead = (head: string): boolean => statusOf(head) === 200 && /res-hdr=/i.test(head);

const statusOf = (head: string): number =>
  Number(/^(?:ICAP|HTTP)\/\d\.\d (\d{3})\b/.exec(head)?.[1]);

/**
 * 204 is clean, unless it names what it found, as those do that only report. That stands in headers that no RFC has and all such
 * scanners send, as c-icap does; some say no more than that a proxy is to answer 403. Any other answer instead is about the scanner:
 * what it needs is away, its licence is over. What it hands back as it was, though it may say 204, it has not looked at: it is too
 * large for it.
 */
function opinionIn(reply: string): Opinion {
  const [head = '', instead = ''] = reply.split(END_OF_HEAD);
  const named = nameIn(head) ?? nameIn(instead);
  if (named !== undefined) return found(named);
  if (statusOf(head) === 204) return { kind: 'clean' };
  if (isInstead(head) && statusOf(instead) === 403) return found('refused without a reason');
  const said = [head, ...(isInstead(head) ? [instead] : [])].map((each) => each.split('\r\n')[0]!);
  throw new Unscannable(`the ICAP server says: ${said.join(', ').slice(0, 200)}`);
}

const nameIn = (head: string): string | undefined =>
  (/^X-Infection-Found:.*?\bThreat=([^;\r\n]+)/im.exec(head) ??
    /^X-(?:Virus-ID|Virus-Name):\s*([^\r\n]+)/im.exec(head))?.[1];
