import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls';
import { Client } from 'undici';
import type { Answer, Door, ShownCertificate } from '../facts.ts';
import { ANSWER_WITHIN_MS, whyOf } from '../within.ts';
import { baseUrlIn, WELL_KNOWN } from './base-url.ts';

export interface Knock {
  readonly address: string;
  readonly port: number;
  /** The host that clients ask for. */
  readonly host: string;
  /** The cluster's own authority, in PEM. */
  readonly ca: Buffer | undefined;
}

/** Goes to one address as a client would that was told the name. */
export async function knock(at: Knock): Promise<Door> {
  const { address } = at;
  let certificate: ShownCertificate;
  try {
    certificate = await shownTo(at);
  } catch (error) {
    return { kind: 'shut', address, why: whyOf(error) };
  }
  const client = new Client(originOf(at), {
    allowH2: false,
    connect: { ...serverNameOf(at), rejectUnauthorized: false },
  });
  try {
    const versions = await ask(client, at, '/_matrix/client/versions');
    const baseUrl = versions.kind === 'answer' ? await baseUrlOf(client, at) : null;
    return { kind: 'open', address, certificate, versions, baseUrl };
  } finally {
    await client.destroy();
  }
}

async function shownTo(at: Knock): Promise<ShownCertificate> {
  const { address, port, host, ca } = at;
  // What is wrong with it is for the judge to say.
  const socket = connect({ host: address, port, ...serverNameOf(at), rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    const shown = socket.getPeerCertificate();
    return {
      coversName: checkServerIdentity(host, shown) === undefined,
      fromMs: Date.parse(shown.valid_from),
      untilMs: Date.parse(shown.valid_to),
      signedBy: signerOf(socket, new X509Certificate(shown.raw), ca),
    };
  } finally {
    socket.on('error', () => undefined).destroy();
  }
}

/** That it has ended, or is of another name, says nothing of who signed it. */
const OF_TRUST = /SELF_SIGNED|UNABLE_TO|UNTRUSTED|INVALID_CA/;

function signerOf(
  socket: TLSSocket,
  shown: X509Certificate,
  ca: Buffer | undefined,
): ShownCertificate['signedBy'] {
  if (ca !== undefined && shown.verify(new X509Certificate(ca).publicKey)) return 'cluster';
  const trouble = socket.authorizationError as unknown as string | Error | undefined;
  const code =
    trouble instanceof Error ? ((trouble as { code?: string }).code ?? trouble.message) : trouble;
  return code != null && OF_TRUST.test(code) ? 'stranger' : 'public';
}

async function ask(client: Client, at: Knock, path: string): Promise<Answer> {
  const began = performance.now();
  try {
    const answer = await get(client, at, path);
    await answer.body.dump();
    return { kind: 'answer', status: answer.statusCode, tookMs: performance.now() - began };
  } catch (error) {
    return { kind: 'silence', why: whyOf(error) };
  }
}

async function baseUrlOf(client: Client, at: Knock): Promise<string | null> {
  try {
    const answer = await get(client, at, WELL_KNOWN);
    return baseUrlIn(await answer.body.json());
  } catch {
    return null;
  }
}

const get = (client: Client, { host, port }: Knock, path: string) =>
  client.request({
    path,
    method: 'GET',
    headers: { host: port === 443 ? host : `${host}:${port}` },
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });

const originOf = ({ address, port }: Knock): string =>
  `https://${address.includes(':') ? `[${address}]` : address}:${port}`;

/** An address by number is no name to ask for (RFC 6066, 3). */
const serverNameOf = ({ host }: Knock) => (/^[\d.]+$|:/.test(host) ? {} : { servername: host });
