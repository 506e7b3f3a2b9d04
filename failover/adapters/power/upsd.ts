import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface Upsd {
  readonly host: string;
  readonly port: number;
  /** The authority of its certificate: with it nothing is said in the clear but the wish for TLS. */
  readonly ca?: string | undefined;
  readonly login?: { readonly user: string; readonly passwordFile: string } | undefined;
}

const ANSWER_WITHIN_MS = 2_000;
/** A few short lines; whatever is longer is no upsd. */
const ANSWER_BYTES_MAX = 4_096;

/** A line each, in the order of the questions; rejects where it is not let in, or not by whom it should be. */
export async function askUpsd(upsd: Upsd, questions: readonly string[]): Promise<string[]> {
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const plain = connect({ host: upsd.host, port: upsd.port });
  const sockets: Socket[] = [plain];
  // Whoever waits hears of it besides.
  plain.on('error', () => undefined);
  try {
    await once(plain, 'connect', { signal });
    const socket = upsd.ca === undefined ? plain : await secured(plain, upsd, upsd.ca, signal);
    sockets.push(socket);
    if (upsd.login !== undefined) await logIn(socket, upsd.login, signal);
    return await ask(socket, questions, signal);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** RFC 9271, 4.2.11: after `OK STARTTLS` the handshake begins. */
async function secured(
  plain: Socket,
  { host }: Upsd,
  ca: string,
  signal: AbortSignal,
): Promise<Socket> {
  await demandOk(plain, ['STARTTLS'], signal);
  const options = { ca: await readFile(ca), ...(isIP(host) === 0 && { servername: host }) };
  const socket = connectTls({ socket: plain, host, ...options });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect', { signal });
  return socket;
}

async function logIn(
  socket: Socket,
  { user, passwordFile }: NonNullable<Upsd['login']>,
  signal: AbortSignal,
): Promise<void> {
  const password = (await readFile(passwordFile, 'utf8')).trim();
  if (!/^[\x21-\x7e]{1,200}$/.test(password)) throw new Error('that is no password of NUT');
  const quoted = password.replaceAll(/["\\]/g, '\\$&');
  await demandOk(socket, [`USERNAME ${user}`, `PASSWORD "${quoted}"`], signal);
}

async function demandOk(socket: Socket, orders: readonly string[], signal: AbortSignal) {
  const answers = await ask(socket, orders, signal);
  const refused = answers.find((answer) => !answer.startsWith('OK'));
  if (refused !== undefined) throw new Error(`upsd says ${refused}`);
}

async function ask(
  socket: Socket,
  lines: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  let text = '';
  // Its end is an answer too few, for which nobody waits.
  const hungUp = (): void => void socket.destroy(new Error('upsd hung up'));
  socket.once('end', hungUp);
  socket.write(lines.map((line) => `${line}\n`).join(''));
  while (text.split('\n').length <= lines.length) {
    const [data] = (await once(socket, 'data', { signal })) as [Buffer];
    text += data.toString('latin1');
    if (text.length > ANSWER_BYTES_MAX) throw new Error('that is no upsd');
  }
  socket.off('end', hungUp);
  return text.split('\n').slice(0, lines.length);
}
