import { randomBytes } from 'node:crypto';
import { commitRows } from '../log/commit-rows.ts';
import type { Log } from '../log/log.ts';
import type { OldKey } from '../protocol/server-keys.ts';
import type { KeyId } from '../protocol/signing-keys.ts';
import type { Database } from '../storage/database.ts';
import {
  PUT_IDENTITY,
  RESEAL_IDENTITY,
  readIdentity,
  type StoredIdentity,
} from '../storage/identity.ts';
import { ChangingKey, newKey, type Sealed } from './changing-key.ts';
import { derivedSecret, type Seal, sealFor } from './sealed.ts';

/** Who this server is, the same at every site (D11a). */
export interface Identity {
  readonly serverName: string;
  readonly signingKey: { readonly keyId: KeyId; readonly seed: Buffer };
  /** With which it signed before. */
  readonly oldKeys: readonly OldKey[];
  /** For whatever must be kept secret in the database. */
  sealFor(purpose: string): Seal;
  /** 32 bytes that only this cluster knows, other ones for each purpose. */
  secretFor(purpose: string): Buffer;
}

/** Of the one process that may change it. */
export interface WritersIdentity extends Identity {
  /** Resolves when another key signs, for good. Does nothing where this one is not the current one. */
  changeSigningKey(insteadOf: KeyId): Promise<void>;
}

/** The database belongs to another server name, or was sealed with another secret. */
export class WrongIdentity extends Error {
  override readonly name = 'WrongIdentity';
}

/**
 * Where the secret that seals the identity comes from. It is made together with the identity only:
 * one that is missing beside data that were sealed with it is lost, and another would not open them.
 */
export interface SecretSource {
  /** The first is to seal it; others may have sealed it until now. */
  existing(): readonly [Buffer, ...Buffer[]];
  forNewIdentity(): Buffer;
}

interface Options {
  readonly database: Database;
  readonly log: Pick<Log, 'commit'>;
  readonly serverName: string;
  readonly secret: SecretSource;
  readonly now?: () => number;
}

/** Only the first writer makes an identity; every later one finds it, and seals it with the secret of now. */
export async function openOrMakeIdentity(options: Options): Promise<WritersIdentity> {
  const { serverName, log } = options;
  const stored = await storedFor(options);
  if (stored) return openAndReseal(stored, options);
  const seal = sealFor('identity', options.secret.forNewIdentity());
  const made = { ...newKey(), secret: randomBytes(32).toString('base64') };
  const sealed = seal.seal(Buffer.from(JSON.stringify(made)));
  await commitRows(log, [{ write: PUT_IDENTITY, values: [serverName, sealed] }]);
  return changeable(made, options);
}

async function openAndReseal({ sealed }: StoredIdentity, options: Options) {
  const { identity, sealedWith } = open(sealed, options.secret.existing());
  if (sealedWith > 0) await reseal(identity, options);
  return changeable(identity, options);
}

function changeable(sealed: Sealed, options: Options): WritersIdentity {
  const key = new ChangingKey(sealed, {
    now: options.now ?? Date.now,
    keep: (changed) => reseal(changed, options),
  });
  return Object.assign(
    identityOf(options.serverName, () => key.sealed),
    {
      changeSigningKey: (insteadOf: KeyId) => key.change(insteadOf),
    },
  );
}

async function reseal(identity: Sealed, { serverName, log, secret }: Options): Promise<void> {
  const sealed = sealFor('identity', secret.existing()[0]).seal(
    Buffer.from(JSON.stringify(identity)),
  );
  await commitRows(log, [{ write: RESEAL_IDENTITY, values: [serverName, sealed] }]);
}

/** Undefined where there is none yet. */
export async function openIdentity(options: {
  database: Database;
  serverName: string;
  secret: Pick<SecretSource, 'existing'>;
}): Promise<Identity | undefined> {
  const stored = await storedFor(options);
  if (!stored) return undefined;
  const { identity } = open(stored.sealed, options.secret.existing());
  return identityOf(stored.serverName, () => identity);
}

async function storedFor(options: {
  database: Database;
  serverName: string;
}): Promise<StoredIdentity | undefined> {
  const stored = await readIdentity(options.database);
  if (!stored) return undefined;
  if (stored.serverName !== options.serverName) {
    throw new WrongIdentity(
      `These data belong to the server "${stored.serverName}", not to "${options.serverName}": a server name cannot be changed. Set serverName to "${stored.serverName}", or name another data folder.`,
    );
  }
  return stored;
}

/** And which of the secrets opened it. */
function open(
  sealed: Buffer,
  secrets: readonly Buffer[],
): { identity: Sealed; sealedWith: number } {
  let cause: unknown;
  for (const [sealedWith, secret] of secrets.entries()) {
    try {
      const text = sealFor('identity', secret).open(sealed).toString();
      return { identity: JSON.parse(text) as Sealed, sealedWith };
    } catch (error) {
      cause = error;
    }
  }
  throw new WrongIdentity(
    'The secret file does not open the signing key in the database. The operator must bring back the secret file that was made with it.',
    { cause },
  );
}

function identityOf(serverName: string, sealed: () => Sealed): Identity {
  const secret = Buffer.from(sealed().secret, 'base64');
  return {
    serverName,
    get signingKey() {
      const { keyId, seed } = sealed();
      return { keyId, seed: Buffer.from(seed, 'base64') };
    },
    get oldKeys() {
      return sealed().old ?? [];
    },
    sealFor: (purpose) => sealFor(purpose, secret),
    secretFor: (purpose) => derivedSecret(purpose, secret),
  };
}
