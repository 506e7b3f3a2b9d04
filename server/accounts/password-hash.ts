import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** Of scrypt (RFC 7914). They stand in each hash, so raising them leaves older hashes valid. */
export interface PasswordCost {
  /** log2 of N. Memory is 1 KiB * 2^costLog2. */
  readonly costLog2: number;
  readonly parallelism: number;
}

/** OWASP's choice with the least memory: 32 MiB, since many may log in at once behind a failover. */
export const PASSWORD_COST: PasswordCost = { costLog2: 15, parallelism: 3 };

/** By what the configuration calls them. */
export const PASSWORD_COSTS: Readonly<Record<'safe' | 'for-tests', PasswordCost>> = {
  safe: PASSWORD_COST,
  'for-tests': { costLog2: 4, parallelism: 1 },
};

const BLOCK_SIZE = 8;
const KEY_BYTES = 32;

/** `scrypt$15$3$<salt>$<key>`. Runs on the thread pool, not on the event loop (D16). */
export async function hashPassword(password: string, cost: PasswordCost): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, cost);
  const parts = [cost.costLog2, cost.parallelism, base64(salt), base64(key)];
  return `scrypt$${parts.join('$')}`;
}

export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [scheme, costLog2, parallelism, salt, key] = hash.split('$');
  if (scheme !== 'scrypt' || salt === undefined || key === undefined)
    throw new Error('An account has a password hash of a form that this server does not know');
  const expected = Buffer.from(key, 'base64url');
  const cost = { costLog2: Number(costLog2), parallelism: Number(parallelism) };
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64url'), cost), expected);
}

function derive(password: string, salt: Buffer, { costLog2, parallelism }: PasswordCost) {
  const N = 2 ** costLog2;
  const options = { N, r: BLOCK_SIZE, p: parallelism, maxmem: 256 * N * BLOCK_SIZE };
  return new Promise<Buffer>((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, KEY_BYTES, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

const base64 = (bytes: Buffer) => bytes.toString('base64url');
