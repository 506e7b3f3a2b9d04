import type { Once, OutcomeRow } from '../log/outcomes.ts';
import { lockOf, type Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { forbidden } from '../protocol/matrix-error.ts';
import { accountDataGoneRow } from '../storage/accounts/account-data.ts';
import { type Account, accountOf, accountRow } from '../storage/accounts/accounts.ts';
import { erasureRow } from '../storage/accounts/erasures.ts';
import { filtersGoneRow } from '../storage/accounts/filters.ts';
import { profileGoneRow } from '../storage/accounts/profile-fields.ts';
import { deviceListRow } from '../storage/encryption/device-lists.ts';
import type { Row } from '../storage/write.ts';
import { unlessTheLast } from './administrators.ts';
import { profileChanged } from './profiles.ts';
import { loginsChanged } from './sessions.ts';

type Commit = (rows: readonly Row[]) => Promise<void>;

export interface AccountChange {
  readonly edit: (account: Account) => Account;
  /** Adds what ends the devices that are not to stay logged in. */
  readonly endDevices?: (commit: Commit) => Promise<unknown>;
  readonly body: JsonObject;
  /** What is committed along with it. */
  readonly besides?: readonly Row[];
  /** Everything goes that the user kept with us or told of themselves. */
  readonly erases?: boolean;
}

/** Of whom it is asked with each of their tokens: the record `logins` ends what is remembered. */
export async function changeAccount(
  stored: Stored,
  userId: UserId,
  once: Once,
  change: AccountChange,
): Promise<void> {
  await stored.locks.run(lockOf(userId), async () => {
    const account = await accountOf(stored.database, userId);
    if (!account) throw forbidden('There is no such account');
    const { edit, body, besides = [], erases = false, endDevices } = change;
    const after = edit(account);
    const commit: Commit = (rows) => {
      const outcome = once.outcome(200, body);
      const changed = [accountRow(after), ...besides, ...rows];
      return commitChange(stored, changed, { userId, outcome, erases });
    };
    const committed = () => (endDevices ? endDevices(commit) : commit([]));
    await unlessTheLast(stored, { before: account, after }, committed);
  });
}

function commitChange(
  { log }: Stored,
  changed: readonly Row[],
  how: { userId: UserId; outcome: OutcomeRow | undefined; erases: boolean },
): Promise<void> {
  const { userId, outcome, erases } = how;
  return log.commit((next) => {
    const position = next();
    const record = { kind: 'device-list', userId } as const;
    const gone = erases ? [...erasedRows(userId), erasureRow({ userId, position })] : [];
    const rows = [...changed, ...gone, deviceListRow(userId, position)];
    const records = [
      { position, record },
      loginsChanged(userId, next()),
      ...(erases ? [profileChanged(userId, next())] : []),
    ];
    return { change: { rows, records, outcome, touches: [] }, value: undefined };
  });
}

const erasedRows = (userId: UserId): Row[] => [
  accountDataGoneRow(userId),
  profileGoneRow(userId),
  filtersGoneRow(userId),
];
