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

/** The addresses by which accounts are known. */
export class ThirdPartyIds {
  readonly #stored: Stored;
  readonly #validations: Pick<EmailValidations, 'validated'>;

  constructor(stored: Stored, validations: Pick<EmailValidations, 'validated'>) {
    this.#stored = stored;
    this.#validations = validations;
  }

  of(userId: UserId): Promise<readonly ThirdPartyId[]> {
    return thirdPartyIdsOf(this.#stored.database, userId);
  }

  /** However the address is written. */
  async holderOf(medium: string, address: string): Promise<UserId | undefined> {
    const parsed = parseEmailAddress(address);
    if (medium !== 'email' || !parsed.ok) return undefined;
    const id = { medium: 'email', address: parsed.value } as const;
    return (await thirdPartyId(this.#stored.database, id))?.userId;
  }

  /** A validation is used up by it. */
  async add(userId: UserId, credentials: ValidationCredentials, once: Once): Promise<void> {
    const { database, locks, log } = this.#stored;
    await this.use('add', credentials, (proved) =>
      locks.run(lockOf(userId), async () => {
        const why = whyNotActive(await accountOf(database, userId));
        if (why) throw why;
        await commitRows(log, this.boundTo(userId, proved), once.outcome(200, {}));
      }),
    );
  }

  /** What is not theirs stays. */
  async remove(
    userId: UserId,
    { medium, address }: { medium: string; address: string },
  ): Promise<void> {
    const parsed = parseEmailAddress(address);
    if (medium !== 'email' || !parsed.ok) return;
    const id = { medium: 'email', address: parsed.value } as const;
    await this.#stored.locks.run(addressLockOf(id.address), async () => {
      const known = await thirdPartyId(this.#stored.database, id);
      if (known?.userId === userId) await commitRows(this.#stored.log, [thirdPartyIdGoneRow(id)]);
    });
  }

  /**
   * Holds the address while `work` commits what it is used for, with the rows that use the validation up.
   * Whoever was quicker has used it: M_THREEPID_AUTH_FAILED.
   */
  async use<T>(
    purpose: ValidationPurpose,
    credentials: ValidationCredentials,
    work: (proved: Proved) => Promise<T>,
  ): Promise<T> {
    const seen = await this.#validations.validated(purpose, credentials);
    if (!seen) throw notValidated();
    return this.#stored.locks.run(addressLockOf(seen.address), async () => {
      const validation = await this.#validations.validated(purpose, credentials);
      if (!validation) throw notValidated();
      const id = { medium: 'email', address: validation.address } as const;
      const holder = (await thirdPartyId(this.#stored.database, id))?.userId;
      if (holder !== undefined && purpose !== 'reset') throw inUse();
      return work({ validation, holder, used: validationGoneRow(validation.sid) });
    });
  }

  /** With the row that uses up the validation. */
  boundTo(userId: UserId, { validation, used }: Pick<Proved, 'validation' | 'used'>): Row[] {
    const { address, validatedMs } = validation;
    const addedMs = this.#stored.now();
    const id = { address, userId, addedMs, validatedMs: validatedMs ?? addedMs };
    return [used, thirdPartyIdRow({ medium: 'email', ...id })];
  }
}

export interface Proved {
  readonly validation: Validation;
  /** Who is known by the address. */
  readonly holder: UserId | undefined;
  readonly used: Row;
}

/** Nothing of the kind was begun here, it is not over, it was for another purpose, or it was used. */
export const notValidated = () =>
  new MatrixError(403, 'M_THREEPID_AUTH_FAILED', 'The address was not validated for this');

const inUse = () =>
  new MatrixError(400, 'M_THREEPID_IN_USE', 'An account is known by this address already');
