import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { ClaimWish, KeyClaims } from '../../encryption/key-claims.ts';
import { endpoint } from '../../http/endpoint.ts';
import { byName, byUser } from '../../http/fields.ts';
import { tooLarge } from '../../http/matrix-error.ts';
import { servedHere } from './servers-of.ts';

interface Ports {
  readonly accounts: Pick<Accounts, 'serverName'>;
  readonly keyClaims: Pick<KeyClaims, 'claim'>;
}

/** Each is a lock that is held until the commit, and a record of the log. */
const WISHES_MAX = 5_000;

export const claimKeys = endpoint({
  operation: 'claimKeys',
  routes: ['POST /_matrix/client/v3/keys/claim', 'POST /_matrix/client/r0/keys/claim'],
  auth: 'guest',
  rateLimit: 'write',
  idempotency: 'request',
  body: { json: z.object({ one_time_keys: byUser(byName(z.string())) }) },
  handle({ body, once }, { accounts, keyClaims }: Ports) {
    const { local, failures } = servedHere(body.one_time_keys, accounts.serverName);
    const wishes: ClaimWish[] = [...local].flatMap(([userId, devices]) =>
      Object.entries(devices).map(([deviceId, algorithm]) => ({ userId, deviceId, algorithm })),
    );
    if (wishes.length > WISHES_MAX)
      throw tooLarge(`A claim may name ${WISHES_MAX} devices; ask for the others in the next one`);
    return keyClaims.claim(wishes, failures, once);
  },
});
