import { argon2, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { compare } from 'bcrypt';

/** Of Argon2id (RFC 9106). They stand in each hash, so changing them leaves older hashes valid. */
export interface PasswordCost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** OWASP's choice with the least time: 19 MiB, since many may log in at once behind a failover. */
export const PASSWORD_COST: PasswordCost = { memoryKib: 19_456, passes: 2, parallelism: 1 };

/** By what the configuration calls them. */
export const PASSWORD_COSTS: Readonly<Record<'safe' | 'for-tests', PasswordCost>> = {
  safe: PASSWORD_COST,
  'for-tests': { memoryKib: 8, passes: 1, parallelism: 1 },
};

const SALT_BYTES = 16;
const KEY_BYTES = 32;

/** `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<key>`. Runs on the thread pool, not on the event loop (D16). */
export async function hashPassword(password: string, cost: PasswordCost): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return `${prefixOf(cost)}${base64(salt)}$${base64(await argon2id(password, salt, cost))}`;
}

/** Also of hashes by earlier releases and by other homeservers, which are renewed at the next login. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  if (BCRYPT.test(hash)) return isBcrypt(password, hash);
  const known = parseArgon2id(hash) ?? parseScrypt(hash);
  if (!known)
    throw new Error('An account has a password hash of a form that this server does not know');
  return timingSafeEqual(await known.derive(password), known.key);
}

/** Whether it would be another hash today. */
export const isOutdated = (hash: string, cost: PasswordCost): boolean =>
  !hash.startsWith(prefixOf(cost));

const prefixOf = ({ memoryKib, passes, parallelism }: PasswordCost): string =>
  `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$`;

interface Known {
  readonly key: Buffer;
  readonly derive: (password: string) => Promise<Buffer>;
}

function parseArgon2id(hash: string): Known | undefined {
  const parts = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(hash);
  if (!parts) return undefined;
  const [memoryKib, passes, parallelism] = parts.slice(1, 4).map(Number) as [
    number,
    number,
    number,
  ];
  const salt = Buffer.from(parts[4]!, 'base64');
  const cost = { memoryKib, passes, parallelism };
  return {
    key: Buffer.from(parts[5]!, 'base64'),
    derive: (password) => argon2id(password, salt, cost),
  };
}

/** `scrypt$15$3$<salt>$<key>` (RFC 7914, r = 8): what releases of before Argon2id made. */
function parseScrypt(hash: string): Known | undefined {
  const parts = /^scrypt\$(\d+)\$(\d+)\$([\w-]+)\$([\w-]+)$/.exec(hash);
  if (!parts) return undefined;
  const N = 2 ** Number(parts[1]);
  const options = { N, r: 8, p: Number(parts[2]), maxmem: 256 * N * 8 };
  const salt = Buffer.from(parts[3]!, 'base64url');
  return {
    key: Buffer.from(parts[4]!, 'base64url'),
    derive: (password) =>
      settled((done) => scrypt(written(password), salt, KEY_BYTES, options, done)),
  };
}

/** Of bcrypt's only the first bytes are: what somebody has typed behind them may be anything. */
export const isWhollyCompared = (password: string, hash: string): boolean =>
  !BCRYPT.test(hash) ||
  spellingsOf(password).every((each) => Buffer.byteLength(each) <= BCRYPT_BYTES);

const BCRYPT_BYTES = 72;
const BCRYPT = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/;

/** As Synapse, Dendrite and Conduit's kin made them. Synapse composes letters by compatibility first, others not at all. */
async function isBcrypt(password: string, hash: string): Promise<boolean> {
  // PHP's name for what everybody else calls 2b.
  const known = hash.replace(/^\$2y/, '$2b');
  for (const each of new Set(spellingsOf(password))) if (await compare(each, known)) return true;
  return false;
}

const spellingsOf = (password: string): string[] => [password.normalize('NFKC'), password];

const argon2id = (password: string, salt: Buffer, cost: PasswordCost): Promise<Buffer> =>
  settled((done) =>
    argon2(
      'argon2id',
      {
        message: written(password),
        nonce: salt,
        memory: cost.memoryKib,
        passes: cost.passes,
        parallelism: cost.parallelism,
        tagLength: KEY_BYTES,
      },
      done,
    ),
  );

const settled = (begin: (done: (error: Error | null, key: Buffer) => void) => void) =>
  new Promise<Buffer>((resolve, reject) => {
    begin((error, key) => (error ? reject(error) : resolve(key)));
  });

const written = (password: string): Buffer => Buffer.from(password.normalize('NFC'));

/** As PHC strings have it: without padding. */
const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
