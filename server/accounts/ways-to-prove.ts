import type { UserId } from '../protocol/identifiers.ts';
import type { UiaFlows } from '../protocol/interactive-auth.ts';
import { accountOf } from '../storage/accounts/accounts.ts';
import { issuersOf } from '../storage/accounts/upstream-identities.ts';
import type { Database } from '../storage/database.ts';
import { isSameIssuer } from './same-issuer.ts';

/** For whom a provider vouches, they prove by it what others prove by their password; who has both chooses. */
export async function waysToProve(
  flows: UiaFlows,
  userId: UserId,
  { database, issuers }: { database: Database; issuers: readonly string[] },
): Promise<UiaFlows> {
  if (issuers.length === 0 || !flows.flat().includes('m.login.password')) return flows;
  const theirs = await issuersOf(database, userId);
  const isServed = (issuer: string) => issuers.some((each) => isSameIssuer(each, issuer));
  if (!theirs.some(isServed)) return flows;
  const bySso = flows.map((flow) =>
    flow.map((stage) => (stage === 'm.login.password' ? 'm.login.sso' : stage)),
  );
  const account = await accountOf(database, userId);
  const hasPassword = account && (account.passwordHash !== null || account.inDirectory);
  return hasPassword ? [...flows, ...bySso] : bySso;
}
