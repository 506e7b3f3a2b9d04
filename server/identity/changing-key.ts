import { randomBytes } from 'node:crypto';
import { KEYS_MAX, type OldKey } from '../protocol/server-keys.ts';
import { type KeyId, signingKeyFromSeed } from '../protocol/signing-keys.ts';

/** What is sealed in the database, as JSON. Bytes are base64. */
export interface Sealed {
  readonly keyId: KeyId;
  readonly seed: string;
  readonly secret: string;
  readonly old?: readonly OldKey[];
}

/** Others take no more of one server; and an event whose key is not told any more can never be verified again. */
export class TooManyKeys extends Error {
  override readonly name = 'TooManyKeys';
}

/**
 * For so long the key of before still vouches for events: those that are being signed while it is changed, those of other
 * servers that are countersigned and bear the time of their clock, and those of a writer whose clock was ahead.
 */
const STILL_VOUCHES_MS = 60_000;

export const newKey = (): Pick<Sealed, 'keyId' | 'seed'> => ({
  keyId: `ed25519:${randomBytes(4).toString('hex')}`,
  seed: randomBytes(32).toString('base64'),
});

interface Parts {
  readonly now: () => number;
  /** Resolves when it is committed. */
  readonly keep: (sealed: Sealed) => Promise<void>;
}

/** The signing key of a server that runs, which another may take the place of. */
export class ChangingKey {
  #sealed: Sealed;
  readonly #parts: Parts;
  #change: Promise<void> | undefined;

  constructor(sealed: Sealed, parts: Parts) {
    this.#sealed = sealed;
    this.#parts = parts;
  }

  get sealed(): Sealed {
    return this.#sealed;
  }

  /** Does nothing where that one is not the current one any more. */
  async change(insteadOf: KeyId): Promise<void> {
    if (insteadOf !== this.#sealed.keyId) return;
    this.#change ??= this.#changeOnce().finally(() => {
      this.#change = undefined;
    });
    return this.#change;
  }

  /**
   * It is committed before it signs anything: what is signed with it is committed behind it. Where that took so long that the one
   * of before signed until its end, or nearly, it is told once more when that is.
   */
  async #changeOnce(): Promise<void> {
    const { now, keep } = this.#parts;
    const endsMs = now() + STILL_VOUCHES_MS;
    const changed = changedAt(this.#sealed, newKey(), endsMs);
    await keep(changed);
    this.#sealed = changed;
    if (now() <= endsMs - STILL_VOUCHES_MS / 2) return;
    const later = changedLater(changed, now() + STILL_VOUCHES_MS);
    await keep(later);
    this.#sealed = later;
  }
}

function changedAt(sealed: Sealed, to: ReturnType<typeof newKey>, expiredTs: number): Sealed {
  const { keyId, seed, old = [] } = sealed;
  if (old.length + 2 > KEYS_MAX)
    throw new TooManyKeys(`A server tells of at most ${KEYS_MAX} keys, and this one has so many`);
  const { publicKey } = signingKeyFromSeed(keyId, Buffer.from(seed, 'base64'));
  return { ...sealed, ...to, old: [{ keyId, publicKey, expiredTs }, ...old] };
}

function changedLater(sealed: Sealed, expiredTs: number): Sealed {
  const [last, ...before] = sealed.old!;
  return { ...sealed, old: [{ ...last!, expiredTs }, ...before] };
}
