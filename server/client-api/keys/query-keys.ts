import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { EncryptionFeatures } from '../../encryption/features.ts';
import { endpoint } from '../../http/endpoint.ts';
import { byUser } from '../../http/fields.ts';
import { servedHere } from './servers-of.ts';

interface Ports extends Pick<EncryptionFeatures, 'keyQuery'> {
  readonly accounts: Pick<Accounts, 'serverName'>;
}

export const queryKeys = endpoint({
  operation: 'queryKeys',
  routes: ['POST /_matrix/client/v3/keys/query', 'POST /_matrix/client/r0/keys/query'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  body: { json: z.object({ device_keys: byUser(z.array(z.string())) }) },
  async handle({ caller, body }, { accounts, keyQuery }: Ports) {
    const { local, failures } = servedHere(body.device_keys, accounts.serverName);
    return { ...(await keyQuery(local, caller.userId)), failures };
  },
});
