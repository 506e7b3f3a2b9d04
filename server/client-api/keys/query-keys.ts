import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { EncryptionPorts } from '../../encryption/features.ts';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { byUser } from '../../http/fields.ts';
import { listedDevices } from './key-fields.ts';
import { servedHere } from './servers-of.ts';

interface Ports extends Pick<EncryptionPorts, 'keyQuery'> {
  readonly accounts: Pick<Accounts, 'serverName'>;
}

export const queryKeys = endpoint({
  operation: 'queryKeys',
  routes: ['POST /_matrix/client/v3/keys/query', 'POST /_matrix/client/r0/keys/query'],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  body: { json: z.object({ device_keys: byUser(listedDevices) }) },
  async handle({ caller, body }, { accounts, keyQuery }: Ports) {
    const { local, failures } = servedHere(body.device_keys, accounts.serverName);
    const parts = Object.entries(await keyQuery(local, caller.userId));
    const told = parts.map(([name, text]) => `"${name}":${text}`);
    return jsonText(`{${told.join()},"failures":${JSON.stringify(failures)}}`);
  },
});
