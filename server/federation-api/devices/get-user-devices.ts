import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { EncryptionPorts } from '../../encryption/features.ts';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { userId } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import { refuseOthers } from '../refuse-others.ts';

interface Ports {
  readonly accounts: Pick<Accounts, 'get' | 'serverName'>;
  readonly devicesTold: EncryptionPorts['devicesTold'];
}

export const getUserDevices = endpoint({
  operation: 'getUserDevices',
  routes: ['GET /_matrix/federation/v1/user/devices/{userId}'],
  auth: 'server',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ userId }),

  async handle({ path }, { accounts, devicesTold }: Ports) {
    refuseOthers(path.userId, accounts);
    if (!(await accounts.get(path.userId))) throw notFound('There is no such user here');
    return jsonText(await devicesTold(path.userId));
  },
});
