import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import { listedDevices } from '../../client-api/keys/key-fields.ts';
import type { EncryptionPorts } from '../../encryption/features.ts';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { byUser } from '../../http/fields.ts';
import { refuseOthers } from '../refuse-others.ts';

interface Ports extends Pick<EncryptionPorts, 'keyQuery'> {
  readonly accounts: Pick<Accounts, 'serverName'>;
}

export const queryUserEncryptionKeys = endpoint({
  operation: 'queryUserEncryptionKeys',
  routes: ['POST /_matrix/federation/v1/user/keys/query'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  body: { json: z.object({ device_keys: byUser(listedDevices) }) },

  async handle({ body }, { accounts, keyQuery }: Ports) {
    for (const userId of body.device_keys.keys()) refuseOthers(userId, accounts);
    const { user_signing_keys: _own, ...parts } = await keyQuery(body.device_keys, undefined);
    const told = Object.entries(parts).map(([name, text]) => `"${name}":${text}`);
    return jsonText(`{${told.join()}}`);
  },
});
