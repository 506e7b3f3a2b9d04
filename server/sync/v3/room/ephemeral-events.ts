import type { UserId } from '../../../protocol/identifiers.ts';
import type { PlacedReceipt } from '../../../storage/receipts.ts';
import type { Json } from '../answer-text.ts';
import type { Reader } from '../reader.ts';

export function typingEvent(typing: readonly UserId[], reader: Reader): Json[] {
  if (!reader.filter.room.ephemeral.admits({ type: 'm.typing' })) return [];
  return [JSON.stringify({ type: 'm.typing', content: { user_ids: typing } })];
}

/**
 * One event for each thread, and one for the unthreaded receipts: in one event a user's receipts of
 * two threads at the same message would take each other's place.
 */
export function receiptEvents(receipts: readonly PlacedReceipt[], reader: Reader): Json[] {
  if (!reader.filter.room.ephemeral.admits({ type: 'm.receipt' })) return [];
  const shown = receipts.filter((each) => each.type === 'm.read' || each.userId === reader.userId);
  const byThread = Map.groupBy(newestThreads(shown, reader), (receipt) => receipt.threadId);
  return [...byThread.values()].map(receiptEvent);
}

/** Of others in a thread, so many: one member of a room must not swell everybody's answers. */
const THREADS_SHOWN_MAX = 20;

/** Given in order of position. */
function newestThreads(receipts: readonly PlacedReceipt[], reader: Reader): PlacedReceipt[] {
  const counts = new Map<UserId, number>();
  return receipts
    .toReversed()
    .filter(({ userId, threadId }) => {
      if (threadId === '' || userId === reader.userId) return true;
      const count = (counts.get(userId) ?? 0) + 1;
      counts.set(userId, count);
      return count <= THREADS_SHOWN_MAX;
    })
    .toReversed();
}

function receiptEvent(receipts: readonly PlacedReceipt[]): Json {
  const byEvent = Map.groupBy(newestOfEach(receipts), (receipt) => receipt.eventId);
  const content = Object.fromEntries([...byEvent].map(([id, of]) => [id, byType(of)]));
  return JSON.stringify({ type: 'm.receipt', content });
}

function byType(receipts: readonly PlacedReceipt[]) {
  const types = Map.groupBy(receipts, (receipt) => receipt.type);
  return Object.fromEntries([...types].map(([type, of]) => [type, byUser(of)]));
}

const byUser = (receipts: readonly PlacedReceipt[]) =>
  Object.fromEntries(
    receipts.map(({ userId, threadId, ts }) => [
      userId,
      threadId === '' ? { ts } : { ts, thread_id: threadId },
    ]),
  );

/** Given in order of position; a user has one of each type. */
const newestOfEach = (receipts: readonly PlacedReceipt[]): Iterable<PlacedReceipt> =>
  new Map(receipts.map((each) => [`${each.type} ${each.userId}`, each])).values();
