import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import type { FrontConfig } from './config.ts';

type Files = Pick<FrontConfig, 'certificate' | 'key'>;

export interface Certificate {
  cert: Buffer;
  key: Buffer;
}

/** Renewed certificates arrive as a rename, a rewrite or a swapped link: only the content tells. */
const LOOK_EVERY_MS = 10_000;

export async function readCertificate({ certificate, key }: Files): Promise<Certificate> {
  const [cert, privateKey] = await Promise.all([readFile(certificate), readFile(key)]);
  return { cert, key: privateKey };
}

/** Takes up a changed certificate without dropping a connection; a broken one changes nothing. */
export function reloadOnChange(
  server: Pick<Server, 'setSecureContext'>,
  files: Files,
  inUse: Certificate,
  onTrouble: (error: unknown) => void,
  everyMs = LOOK_EVERY_MS,
): () => void {
  let last = inUse;
  const look = async () => {
    const now = await readCertificate(files);
    const same = now.cert.equals(last.cert) && now.key.equals(last.key);
    if (!same) server.setSecureContext(now);
    last = now;
  };
  const timer = setInterval(() => void look().catch(onTrouble), everyMs);
  return () => clearInterval(timer);
}
