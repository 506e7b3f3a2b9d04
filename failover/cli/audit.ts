import { Client } from 'undici';
import { socketOf } from '../sockets.ts';

/** As the server of this site tells it. */
export interface AdminOrder {
  readonly at_ts: number;
  readonly by: string;
  readonly action: string;
  readonly target: string;
  readonly detail: unknown;
}

const LIMIT_DEFAULT = 50;
const ANSWER_WITHIN_MS = 30_000;

/** How many are to be listed; throws what the operator is to be told. */
export function limitOf(text: string | undefined): number {
  const limit = text === undefined ? LIMIT_DEFAULT : Number(text);
  if (Number.isInteger(limit) && limit > 0) return limit;
  throw new Error('--limit is how many orders to list, such as 100');
}

/** Asks the server of this site, which reads the copy beside it: also one that does not lead. */
export async function adminOrders(
  runtimeDir: string,
  limit: number,
): Promise<readonly AdminOrder[]> {
  const client = new Client('http://server', { socketPath: socketOf(runtimeDir, 'server') });
  try {
    const answer = await client.request({
      ...{ method: 'GET', path: `/v1/audit?limit=${limit}` },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const told = (await answer.body.json()) as { orders?: AdminOrder[]; error?: string };
    if (told.orders) return told.orders;
    throw new Error(`the server of this site could not read them: ${told.error}`);
  } finally {
    await client.destroy();
  }
}

/** What `farol audit` prints. */
export function shownOrders(orders: readonly AdminOrder[]): string {
  if (orders.length === 0) return 'No administrator has ordered anything.';
  return orders.map(line).join('\n');
}

function line({ at_ts, by, action, target, detail }: AdminOrder): string {
  const what = JSON.stringify(detail);
  const more = what === '{}' ? '' : `  ${what}`;
  return `${new Date(at_ts).toISOString()}  ${by}  ${action}  ${target}${more}`;
}
