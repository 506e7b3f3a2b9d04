import { z } from 'zod';
import type { ListedAccount } from '../../accounts/account-list.ts';
import type { Accounts } from '../../accounts/accounts.ts';
import type { Audit } from '../../accounts/audit.ts';
import type { Moderation } from '../../accounts/moderation.ts';
import type { Passwords } from '../../accounts/passwords.ts';
import type { Registrations } from '../../accounts/registrations.ts';
import { type ClosingPorts, closeAccount } from '../../client-api/account/close-account.ts';
import { type ProfilePorts, putProfileField } from '../../client-api/profile/put-profile-field.ts';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, listOf } from '../../http/fields.ts';
import { forbidden, invalidParam } from '../../http/matrix-error.ts';
import { notKept } from '../../log/outcomes.ts';
import { localpartOf, type UserId } from '../../protocol/identifiers.ts';
import { ofUser, refuseOther } from './local-user.ts';
import { keepOnly, refuseNewIds, type ThirdPartyIdPorts } from './put-third-party-ids.ts';
import { type WholePorts, wholeAccount } from './whole-account.ts';

type Ports = WholePorts &
  ThirdPartyIdPorts &
  ProfilePorts &
  ClosingPorts & {
    readonly accounts: Pick<Accounts, 'availableUserId' | 'serverName'>;
    readonly registrations: Pick<Registrations, 'register'>;
    readonly passwords: Pick<Passwords, 'change'>;
    readonly moderation: Pick<Moderation, 'set' | 'setAdmin'>;
    readonly audit: Pick<Audit, 'note'>;
    readonly rooms: ProfilePorts['rooms'] & ClosingPorts['rooms'];
  };

const body = z.object({
  password: z.string().min(1).max(4_096).optional(),
  logout_devices: z.boolean().default(true),
  displayname: z.string().optional(),
  avatar_url: z.string().optional(),
  admin: z.boolean().optional(),
  deactivated: z.boolean().optional(),
  locked: z.boolean().optional(),
  threepids: listOf(z.object({ medium: z.string(), address: z.string() }), 100).optional(),
  external_ids: listOf(jsonObject, 100).optional(),
  user_type: z.string().nullable().optional(),
});
type Wish = z.output<typeof body>;

/** Makes an account (201), or changes what is named of it. Each step may be done again, so a repeat ends where the first would have. */
export const putAccount = endpoint({
  operation: 'adminPutAccount',
  routes: ['PUT /_synapse/admin/v2/users/{userId}'],
  auth: 'admin',
  rateLimit: 'write',
  idempotency: 'natural',
  path: ofUser,
  body: { json: body },
  async handle({ caller, path: { userId }, body }, ports: Ports) {
    refuseOther(ports, userId);
    refuseImpossible(body);
    await refuseNewIds(ports, userId, body.threepids ?? []);
    const isOwn = caller.userId === userId;
    if (isOwn && (body.admin === false || body.deactivated || body.locked))
      throw forbidden('Nobody does that to themselves');
    const before = await ports.accountList.of(userId);
    const deed = before
      ? () => change(ports, caller.userId, before, body)
      : await making(ports, userId, body);
    const { password, ...told } = body;
    const detail = { ...told, password: password !== undefined };
    const order = { by: caller.userId, action: 'adminPutAccount', target: userId };
    await ports.audit.note({ ...order, detail });
    await deed();
    return jsonText(JSON.stringify(await wholeAccount(ports, userId)), before ? 200 : 201);
  },
});

/** What there is not here is refused rather than passed over. */
function refuseImpossible({ external_ids, user_type }: Wish): void {
  if ((external_ids?.length ?? 0) > 0) throw invalidParam('Accounts get no external ids here');
  if (user_type != null) throw invalidParam('Accounts have no types here');
}

/** What makes it; refused here where it cannot be. */
async function making(ports: Ports, userId: UserId, wish: Wish): Promise<() => Promise<void>> {
  const { password, admin = false } = wish;
  if (password === undefined) throw invalidParam('A new account needs a password');
  if ((await ports.accounts.availableUserId(localpartOf(userId))) !== userId)
    throw invalidParam('User ids are in lower case');
  const without = { session: undefined, registrationToken: undefined };
  return async () => {
    await ports.registrations.register({ userId, password, admin, ...without }, notKept);
    await putProfile(ports, userId, wish);
  };
}

async function change(ports: Ports, by: UserId, account: ListedAccount, wish: Wish): Promise<void> {
  const { passwords, moderation } = ports;
  const { userId } = account;
  const { password, admin, locked } = wish;
  if (account.deactivated) {
    if (wish.deactivated) return;
    throw invalidParam('The account has been deactivated, which is for good');
  }
  // First, since it may be refused.
  if (admin !== undefined && admin !== account.admin)
    await moderation.setAdmin(userId, admin, notKept);
  if (password !== undefined) {
    const which = { userId, deviceId: undefined, logoutDevices: wish.logout_devices };
    await passwords.change({ ...which, password }, notKept);
  }
  if (locked !== undefined && locked !== account.locked)
    await moderation.set(by, { userId, which: 'locked', holds: locked }, notKept);
  await putProfile(ports, userId, wish);
  if (wish.threepids) await keepOnly(ports, userId, wish.threepids);
  if (wish.deactivated) await closeAccount(ports, { userId, erase: false }, notKept);
}

async function putProfile(ports: Ports, userId: UserId, wish: Wish): Promise<void> {
  for (const field of ['displayname', 'avatar_url'] as const) {
    const value = wish[field];
    if (value !== undefined) await putProfileField(ports, userId, field, value);
  }
}
