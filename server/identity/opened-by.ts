import { buffer } from 'node:stream/consumers';
import { sealFor } from './sealed.ts';
import { readSecretFile } from './secret-file.ts';

/**
 * For whoever is about to forget a secret: takes the sealed identity as hex and names the secret of the file that opens it.
 * `node server/identity/opened-by.ts SECRET-FILE` prints 0 for the one that seals, 1 for the next; ends with 1 if none does.
 */
const secrets = readSecretFile(process.argv[2] ?? '');
const sealed = Buffer.from((await buffer(process.stdin)).toString().trim(), 'hex');
const opener = secrets.findIndex(opens);
if (opener < 0) {
  console.error('No secret of that file opens the signing key in the database');
  process.exitCode = 1;
} else console.log(opener);

function opens(secret: Buffer): boolean {
  try {
    sealFor('identity', secret).open(sealed);
    return true;
  } catch {
    return false;
  }
}
