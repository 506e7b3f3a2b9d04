import type { EmailValidations } from '../../accounts/email-validations.ts';
import type { PasswordLogins } from '../../accounts/password-logins.ts';
import { DELAY_MS_MAX, SCHEDULED_MAX } from '../../delayed-events/refuse-delay.ts';
import { endpoint } from '../../http/endpoint.ts';

export interface RoomVersionPorts {
  /** `available` are the versions of which this server can make rooms. */
  readonly roomVersions: {
    readonly default: string;
    readonly available: Readonly<Record<string, 'stable' | 'unstable'>>;
  };
}

export interface ForgetPorts {
  /** Whoever leaves a room, or is made to, has forgotten it at once. */
  readonly forgetOnLeave: boolean;
}

interface CapabilityPorts extends RoomVersionPorts, ForgetPorts {
  readonly emailValidations: Pick<EmailValidations, 'isOn'>;
  readonly passwordLogins: Pick<PasswordLogins, 'mayChange'>;
}

const DELAYED_EVENTS = { max_delay_ms: DELAY_MS_MAX, max_scheduled: SCHEDULED_MAX };

export const getCapabilities = endpoint({
  operation: 'getCapabilities',
  routes: ['GET /_matrix/client/v3/capabilities'],
  auth: 'user',
  rateLimit: 'read',
  idempotency: 'natural',
  handle: async ({ caller }, ports: CapabilityPorts) => ({
    capabilities: {
      'm.change_password': { enabled: await ports.passwordLogins.mayChange(caller.userId) },
      'm.room_versions': ports.roomVersions,
      'm.set_displayname': { enabled: true },
      'm.set_avatar_url': { enabled: true },
      'm.profile_fields': { enabled: true },
      'm.3pid_changes': { enabled: ports.emailValidations.isOn },
      'm.forget_forced_upon_leave': { enabled: ports.forgetOnLeave },
      'm.get_login_token': { enabled: true },
      'm.delayed_events': DELAYED_EVENTS,
      'org.matrix.msc4140.delayed_events': DELAYED_EVENTS,
      ...(caller.isAdmin && { 'm.account_moderation': { suspend: true, lock: true } }),
    },
  }),
});
