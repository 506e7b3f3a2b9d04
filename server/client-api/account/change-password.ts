import { z } from 'zod';
import type { Accounts } from '../../accounts/accounts.ts';
import type { EmailValidations } from '../../accounts/email-validations.ts';
import type { Passwords } from '../../accounts/passwords.ts';
import type { ThirdPartyIds } from '../../accounts/third-party-ids.ts';
import { endpoint } from '../../http/endpoint.ts';
import { missingToken } from '../../http/matrix-error.ts';

interface Ports {
  readonly accounts: Pick<Accounts, 'refuseLocked'>;
  readonly passwords: Pick<Passwords, 'change'>;
  readonly emailValidations: Pick<EmailValidations, 'isOn'>;
  readonly thirdPartyIds: Pick<ThirdPartyIds, 'reset'>;
}

export const changePassword = endpoint({
  operation: 'changePassword',
  routes: ['POST /_matrix/client/v3/account/password'],
  auth: 'optional',
  rateLimit: 'write',
  idempotency: 'request',
  body: {
    json: z.object({
      new_password: z.string().min(1).max(4_096),
      logout_devices: z.boolean().default(true),
    }),
  },
  /** Whoever has forgotten it has no token either: they have the mailbox of their address. */
  async uia({ caller }, { emailValidations }: Ports) {
    if (caller) return [['m.login.password']];
    if (!emailValidations.isOn) throw missingToken();
    return [['m.login.email.identity']];
  },

  async handle({ caller, body, proof, once }, { accounts, passwords, thirdPartyIds }: Ports) {
    const change = { password: body.new_password, logoutDevices: body.logout_devices };
    if (caller) {
      const { userId, deviceId } = caller;
      await passwords.change({ ...change, userId, deviceId }, once);
    } else
      await thirdPartyIds.reset(proof.emailSid ?? '', async (userId, besides) => {
        await accounts.refuseLocked(userId);
        await passwords.change({ ...change, userId, deviceId: undefined, besides }, once);
      });
    return {};
  },
});
