import { PDUS_MAX } from '../../../server/federation/sending/transaction.ts';
import type { Random } from '../../differential/random.ts';

/**
 * Transactions a second to one server to which so many events a second go, where one transaction is on its way at a time, for
 * `roundTrip` seconds, and takes along all that came meanwhile: as `sending/destination.ts` does. With probability
 * e^(−events · roundTrip) nothing came, and the next one begins with the next event; else at once. A transaction holds 50.
 */
export function transactionsPerSecond(events: number, roundTrip: number): number {
  if (events === 0) return 0;
  const between = roundTrip + Math.exp(-events * roundTrip) / events;
  return Math.max(1 / between, events / PDUS_MAX);
}

/** The same, counted over `seconds` in which events come when they like. */
export function playedTransactions(
  random: Random,
  { events, roundTrip, seconds }: { events: number; roundTrip: number; seconds: number },
): { readonly transactions: number; readonly events: number } {
  const wait = () => -Math.log(1 - random.next()) / events;
  let [transactions, taken, waiting, freeAt] = [0, 0, 0, 0];
  let next = wait();
  for (;;) {
    const begins = waiting > 0 ? freeAt : Math.max(next, freeAt);
    if (begins > seconds) return { transactions, events: taken };
    for (; next <= begins; next += wait()) waiting += 1;
    const along = Math.min(waiting, PDUS_MAX);
    waiting -= along;
    taken += along;
    transactions += 1;
    freeAt = begins + roundTrip;
  }
}
