import { commitRows } from '../log/commit-rows.ts';
import type { Once } from '../log/outcomes.ts';
import { lockOf, type Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { MatrixError } from '../protocol/matrix-error.ts';
import { accountOf } from '../storage/accounts/accounts.ts';
import {
  type ThirdPartyId,
  thirdPartyId,
  thirdPartyIdGoneRow,
  thirdPartyIdRow,
  thirdPartyIdsOf,
} from '../storage/accounts/third-party-ids.ts';
import {
  type Validation,
  type ValidationPurpose,
  validationGoneRow,
} from '../storage/accounts/validations.ts';
import type { Row } from '../storage/write.ts';
import { parseEmailAddress } from './email-address.ts';
import {
  addressLockOf,
  type EmailValidations,
  type ValidationCredentials,
} from './email-validations.ts';
import { whyNotActive } from './why-not-active.ts';

export type { ThirdPartyId };

/** As somebody has written it. */
export interface NamedId {
  readonly medium: string;
  readonly address: string;
}

/** As it is stored, however it was written; undefined of what can be stored for nobody. */
export function emailIn({ medium, address }: NamedId) {
  const parsed = parseEmailAddress(address);
  return medium === 'email' && parsed.ok ? ({ medium, address: parsed.value } as const) : undefined;
}

/** The addresses by which accounts are known. */
export class ThirdPartyIds {
  readonly #stored: Stored;
  readonly #validations: Pick<EmailValidations, 'validated' | 'stillValidated'>;

  constructor(stored: Stored, validations: Pick<EmailValidations, 'validated' | 'stillValidated'>) {
    this.#stored = stored;
    this.#validations = validations;
  }

  of(userId: UserId): Promise<readonly ThirdPartyId[]> {
    return thirdPartyIdsOf(this.#stored.database, userId);
  }

  /** However the address is written. */
  async holderOf(medium: string, address: string): Promise<UserId | undefined> {
    const id = emailIn({ medium, address });
    return id && (await thirdPartyId(this.#stored.database, id))?.userId;
  }

  /** A validation is used up by each of these: it is good for one deed. */
  async add(userId: UserId, credentials: ValidationCredentials, once: Once): Promise<void> {
    const { database, locks, log } = this.#stored;
    if (!(await this.#validations.validated('add', credentials))) throw notValidated();
    await this.#use('add', credentials.sid, (used, validation) =>
      locks.run(lockOf(userId), async () => {
        const why = whyNotActive(await accountOf(database, userId));
        if (why) throw why;
        const rows = [used, this.#boundTo(userId, validation)];
        await commitRows(log, rows, once.outcome(200, {}));
      }),
    );
  }

  /** The rows go into the commit by which the account begins. */
  register<T>(
    sid: string,
    userId: UserId,
    begin: (rows: readonly Row[]) => Promise<T>,
  ): Promise<T> {
    return this.#use('register', sid, (used, validation) =>
      begin([used, this.#boundTo(userId, validation)]),
    );
  }

  /** Of whom the address is now; the rows go into the commit by which they get a new password. */
  reset<T>(sid: string, put: (userId: UserId, rows: readonly Row[]) => Promise<T>): Promise<T> {
    return this.#use('reset', sid, async (used, { address }) => {
      const holder = await thirdPartyId(this.#stored.database, { medium: 'email', address });
      if (!holder) throw notValidated();
      return put(holder.userId, [used]);
    });
  }

  /** What is not theirs stays. */
  async remove(userId: UserId, named: NamedId): Promise<void> {
    const id = emailIn(named);
    if (!id) return;
    await this.#stored.locks.run(addressLockOf(id.address), async () => {
      const known = await thirdPartyId(this.#stored.database, id);
      if (known?.userId === userId) await commitRows(this.#stored.log, [thirdPartyIdGoneRow(id)]);
    });
  }

  /** Holds the address while `work` commits what it is used for. Who comes second finds nothing left to use. */
  async #use<T>(
    purpose: ValidationPurpose,
    sid: string,
    work: (used: Row, validation: Validation) => Promise<T>,
  ): Promise<T> {
    const seen = await this.#validations.stillValidated(purpose, sid);
    if (!seen) throw notValidated();
    return this.#stored.locks.run(addressLockOf(seen.address), async () => {
      const validation = await this.#validations.stillValidated(purpose, sid);
      if (!validation) throw notValidated();
      const id = { medium: 'email', address: validation.address } as const;
      if (purpose !== 'reset' && (await thirdPartyId(this.#stored.database, id))) throw inUse();
      return work(validationGoneRow(sid), validation);
    });
  }

  #boundTo(userId: UserId, { address, validatedMs }: Validation): Row {
    const addedMs = this.#stored.now();
    const known = { medium: 'email', address, userId } as const;
    return thirdPartyIdRow({ ...known, addedMs, validatedMs: validatedMs ?? addedMs });
  }
}

/** Nothing of the kind was begun here, it is not over, it was for another purpose, or it was used. */
const notValidated = () =>
  new MatrixError(403, 'M_THREEPID_AUTH_FAILED', 'The address was not validated for this');

const inUse = () =>
  new MatrixError(400, 'M_THREEPID_IN_USE', 'An account is known by this address already');
