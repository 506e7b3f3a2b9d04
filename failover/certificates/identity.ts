import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { firstEndOf } from './first-end.ts';

/** PEM files of one side of mutual TLS; without `ca` the other side is not asked for a certificate. */
export interface IdentityFiles {
  readonly ca?: string;
  readonly certificate: string;
  readonly key: string;
}

/** What was read of them, as `node:tls` takes it. */
export interface Pem {
  readonly ca?: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface IdentityOptions {
  readonly files: IdentityFiles;
  readonly onTrouble: (error: unknown) => void;
  readonly lookEveryMs?: number;
}

/** Renewed certificates arrive as a rename, a rewrite or a swapped link: only the content tells. */
const LOOK_EVERY_MS = 10_000;

/**
 * A certificate with its key and authority, as this process uses it: read again when the files change.
 * Files that do not fit together (a renewal half done) change nothing, and are looked at again.
 */
export class Identity {
  readonly #options: IdentityOptions;
  readonly #listeners = new Set<(pem: Pem) => void>();
  readonly #timer: NodeJS.Timeout;
  #inUse: Pem;
  #trouble = '';

  /** Throws when the files cannot be used: a program must not start with half an identity. */
  constructor(options: IdentityOptions) {
    this.#options = options;
    const { ca, certificate, key } = options.files;
    this.#inUse = checked({
      ...(ca !== undefined && { ca: readFileSync(ca) }),
      cert: readFileSync(certificate),
      key: readFileSync(key),
    });
    this.#timer = setInterval(() => void this.look(), options.lookEveryMs ?? LOOK_EVERY_MS).unref();
  }

  get inUse(): Pem {
    return this.#inUse;
  }

  /** When the first of the certificates in use ends (RFC 3339), whatever lies on the disk by now. */
  get end(): string | null {
    const { ca, cert } = this.#inUse;
    return firstEndOf(ca ? [ca, cert] : [cert]);
  }

  /** Until what it returns is called: whoever closes what listens must. */
  onChange(listener: (pem: Pem) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async look(): Promise<void> {
    try {
      const found = await read(this.#options.files);
      if (isDeepStrictEqual(found, this.#inUse)) return;
      this.#inUse = checked(found);
      this.#trouble = '';
      for (const listener of this.#listeners) listener(found);
    } catch (error) {
      // Said once, not at every look.
      if (this.#trouble !== String(error)) this.#options.onTrouble(error);
      this.#trouble = String(error);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

async function read({ ca, certificate, key }: IdentityFiles): Promise<Pem> {
  const [cert, privateKey, authority] = await Promise.all([
    readFile(certificate),
    readFile(key),
    ca === undefined ? undefined : readFile(ca),
  ]);
  return { ...(authority && { ca: authority }), cert, key: privateKey };
}

/** OpenSSL refuses a key that is not the certificate's. */
function checked(pem: Pem): Pem {
  createSecureContext(pem);
  return pem;
}
