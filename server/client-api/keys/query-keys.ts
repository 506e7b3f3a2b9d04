import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { EncryptionPorts } from '../../encryption/features.ts';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { byUser } from '../../http/fields.ts';
import { listedDevices } from './key-fields.ts';
import { byPlace, timeout } from './servers-of.ts';

interface Ports extends Pick<EncryptionPorts, 'keyQuery' | 'keysAbroad'> {
  readonly accounts: Pick<Accounts, 'serverName'>;
}

export const queryKeys = endpoint({
  operation: 'queryKeys',
  routes: ['POST /_matrix/client/v3/keys/query', 'POST /_matrix/client/r0/keys/query'],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  body: { json: z.object({ device_keys: byUser(listedDevices), timeout }) },
  async handle({ caller: { userId: caller }, body }, { accounts, keyQuery, keysAbroad }: Ports) {
    const { local, abroad } = byPlace(body.device_keys, accounts.serverName);
    const asking = { caller, withinMs: body.timeout };
    const { keys, failures } = await keysAbroad.query([...abroad.keys()], asking);
    const found = [...abroad].filter(([userId]) => keys.has(userId));
    const wanted = new Map([...local, ...found]);
    const parts = Object.entries(await keyQuery(wanted, caller, keys));
    const told = parts.map(([name, text]) => `"${name}":${text}`);
    return jsonText(`{${told.join()},"failures":${JSON.stringify(failures)}}`);
  },
});
